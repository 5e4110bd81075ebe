"""Shapes of operations that compute: elementwise ones, products, projections, new tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attnlint.graph.domains import Ask
from attnlint.graph.shapes.arguments import integer, is_number, sizes
from attnlint.graph.shapes.registry import SHAPES
from attnlint.graph.shapes.tensor_shape import ONE, UNKNOWN, ExtentOf, TensorShape, broadcast
from attnlint.graph.values import (
    Add,
    Arange,
    Assigned,
    Attribute,
    Carried,
    Cast,
    Compare,
    Constant,
    Convolution,
    Divide,
    Dropout,
    Embedding,
    Extent,
    FloorDivide,
    FromData,
    Full,
    Learned,
    Linear,
    MaskedFill,
    Multiply,
    Negate,
    Normalize,
    Not,
    Parameter,
    Pointwise,
    Power,
    Product,
    Random,
    Reduce,
    Sdpa,
    Softmax,
    Subtract,
    Tri,
    Unknown,
    Value,
    Where,
    literal,
)


@SHAPES.of(MaskedFill, Softmax, Dropout, Cast, Negate, Not, Tri, Assigned, Normalize)
def _same(value: Any, ask: Ask) -> TensorShape | None:
    return ask.shape(value.x)


@SHAPES.of(Add, Subtract, Multiply, Divide, FloorDivide)
def _elementwise(value: Any, ask: Ask) -> TensorShape | None:
    left, right = ask.shape(value.left), ask.shape(value.right)
    if left is None and right is None:
        return None
    if (left is None and not is_number(value.left, ask)) or (right is None and not is_number(value.right, ask)):
        return _with_anything(left or right or UNKNOWN)
    return broadcast(left, right)


def _with_anything(known: TensorShape) -> TensorShape:
    """Broadcast with a tensor of unknown shape: further axes may stand in front, and ones may become anything."""
    return TensorShape(tuple(None if e is None or e.is_one else e for e in known.axes), True)


@SHAPES.of(Pointwise)
def _pointwise(value: Pointwise, ask: Ask) -> TensorShape | None:
    if value.function in ("and", "or", "xor"):
        return broadcast(ask.shape(value.x), ask.shape(value.others[0]))
    return ask.shape(value.x)


@SHAPES.of(Compare)
def _compare(value: Compare, ask: Ask) -> TensorShape | None:
    return _elementwise(value, ask)


@SHAPES.of(Power)
def _power(value: Power, ask: Ask) -> TensorShape | None:
    return ask.shape(value.exponent) if is_number(value.base, ask) else ask.shape(value.base)


@SHAPES.of(Parameter, Attribute, Unknown, Carried, Extent)
def _opaque(value: Value, ask: Ask) -> TensorShape | None:
    return None


@SHAPES.of(Linear)
def _linear(value: Linear, ask: Ask) -> TensorShape | None:
    source = ask.shape(value.x) or UNKNOWN
    width = ask.scalar(value.out_features)
    axes = (*source.axes[:-1], width) if source.axes else (width,)
    return TensorShape(axes, source.open)


@SHAPES.of(Embedding)
def _embedding(value: Embedding, ask: Ask) -> TensorShape | None:
    source = ask.shape(value.x) or UNKNOWN
    return TensorShape((*source.axes, ask.scalar(value.width)), source.open)


@SHAPES.of(Convolution)
def _convolution(value: Convolution, ask: Ask) -> TensorShape | None:
    source = ask.shape(value.x)
    width = ask.scalar(value.out_channels)
    tail: tuple[ExtentOf, ...] = (width, *(None for _ in range(value.axes)))
    if source is not None and source.rank == value.axes + 2:
        return TensorShape((source.axes[0], *tail))
    return TensorShape(tail, True)


@SHAPES.of(Product)
def _product(value: Product, ask: Ask) -> TensorShape | None:
    left, right = ask.shape(value.left), ask.shape(value.right)
    if value.equation is not None:
        return _einsum(value.equation, left, right)
    left, right = left or UNKNOWN, right or UNKNOWN
    if len(left.axes) < 2 or len(right.axes) < 2:
        return UNKNOWN
    batch = broadcast(
        TensorShape(left.axes[:-2], left.open or len(left.axes) < 2),
        TensorShape(right.axes[:-2], right.open or len(right.axes) < 2),
    )
    return TensorShape((*batch.axes, left.axis(-2), right.axis(-1)), batch.open)


def _einsum(
    equation: tuple[tuple[str, ...], ...], left: TensorShape | None, right: TensorShape | None
) -> TensorShape | None:
    extents: dict[str, ExtentOf] = {}
    for letters, known in ((equation[0], left), (equation[1], right)):
        extents.update(letter_extents(letters, known))
    result = equation[2]
    if "..." in result:
        at = result.index("...")
        parts = [_ellipsis(letters, known) for letters, known in ((equation[0], left), (equation[1], right))]
        inner = broadcast(*parts) if None not in parts else UNKNOWN
        tail = tuple(extents.get(x) for x in result[at + 1 :])
        if inner.open:
            return TensorShape((*inner.axes, *tail), True)
        return TensorShape((*(extents.get(x) for x in result[:at]), *inner.axes, *tail))
    return TensorShape(tuple(extents.get(letter) for letter in result))


def _ellipsis(letters: tuple[str, ...], known: TensorShape | None) -> TensorShape | None:
    """The axes of an operand that ``...`` stands for; no axes where it has no ellipsis, None where unknown."""
    if "..." not in letters:
        return TensorShape(())
    if known is None:
        return None
    after = len(letters) - letters.index("...") - 1
    before = 0 if known.open else letters.index("...")
    return TensorShape(known.axes[before : len(known.axes) - after], known.open)


def letter_extents(letters: Sequence[str], known: TensorShape | None) -> dict[str, ExtentOf]:
    """Extents by letter of an einsum operand."""
    if known is None:
        return {}
    count = len(letters)
    cut = letters.index("...") if "..." in letters else count
    out: dict[str, ExtentOf] = {letter: known.axis(i) for i, letter in enumerate(letters[:cut])}
    out.update({letter: known.axis(i - count) for i, letter in enumerate(letters) if i > cut})
    if cut == count:
        out.update({letter: known.axis(i - count) for i, letter in enumerate(letters) if out.get(letter) is None})
    return out


@SHAPES.of(Reduce)
def _reduce(value: Reduce, ask: Ask) -> TensorShape | None:
    if literal(value.axis) is None and literal(value.keepdim) is False:
        return TensorShape(())
    source, axis, kept = ask.shape(value.x), integer(value.axis, ask), ask.resolve(value.keepdim)
    place = source.index(axis) if source is not None and axis is not None else None
    if source is None or place is None or not isinstance(kept, Constant):
        return UNKNOWN
    middle: tuple[ExtentOf, ...] = (ONE,) if kept.value else ()
    return TensorShape((*source.axes[:place], *middle, *source.axes[place + 1 :]), source.open)


@SHAPES.of(Full, Random)
def _new(value: Full | Random, ask: Ask) -> TensorShape | None:
    like = value.like if isinstance(value, Full) else None
    if value.sizes is None:
        return ask.shape(like) if like is not None else UNKNOWN
    wanted = sizes(value.sizes, ask)
    return UNKNOWN if wanted is None else TensorShape(tuple(None if isinstance(s, int) else s for s in wanted))


@SHAPES.of(Learned)
def _learned(value: Learned, ask: Ask) -> TensorShape | None:
    return ask.shape(value.initial)


@SHAPES.of(FromData)
def _data(value: FromData, ask: Ask) -> TensorShape | None:
    return TensorShape(()) if is_number(value.data, ask) else UNKNOWN


@SHAPES.of(Arange)
def _arange(value: Arange, ask: Ask) -> TensorShape | None:
    return TensorShape((ask.scalar(value.length) if value.length is not None else None,))


@SHAPES.of(Where)
def _where(value: Where, ask: Ask) -> TensorShape | None:
    parts = [ask.shape(part) for part in (value.condition, value.then, value.otherwise)]
    return broadcast(broadcast(parts[0], parts[1]), parts[2])


@SHAPES.of(Sdpa)
def _sdpa(value: Sdpa, ask: Ask) -> TensorShape | None:
    query, last = ask.shape(value.query), ask.shape(value.value)
    if query is None or not query.axes:
        return UNKNOWN
    return query.with_axis(-1, last.axis(-1) if last is not None else None)
