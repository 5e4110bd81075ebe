"""Shapes of operations that move axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from attnlint.graph import equations
from attnlint.graph.domains import Ask
from attnlint.graph.scalars import Monomial
from attnlint.graph.shapes.arguments import integer, sizes
from attnlint.graph.shapes.registry import SHAPES
from attnlint.graph.shapes.tensor_shape import ONE, UNKNOWN, ExtentOf, TensorShape
from attnlint.graph.values import (
    Cat,
    Constant,
    Expand,
    Flatten,
    Index,
    Items,
    Permute,
    Piece,
    Rearrange,
    Reorder,
    Repeat,
    RepeatInterleave,
    ReverseDims,
    Select,
    Shape,
    Slicing,
    Squeeze,
    Stack,
    Transpose,
    Unflatten,
    Unsqueeze,
    Value,
    View,
    literal,
)


@SHAPES.of(Transpose)
def _transpose(value: Transpose, ask: Ask) -> TensorShape | None:
    source = ask.shape(value.x)
    first, second = integer(value.first, ask), integer(value.second, ask)
    if source is None or first is None or second is None:
        return UNKNOWN
    one, two = source.index(first), source.index(second)
    if one is None or two is None:
        return UNKNOWN if source.open else None
    axes = list(source.axes)
    axes[one], axes[two] = axes[two], axes[one]
    return TensorShape(tuple(axes), source.open)


@SHAPES.of(ReverseDims)
def _reverse(value: ReverseDims, ask: Ask) -> TensorShape | None:
    source = ask.shape(value.x)
    return UNKNOWN if source is None or source.open else TensorShape(tuple(reversed(source.axes)))


@SHAPES.of(Reorder)
def _reorder(value: Reorder, ask: Ask) -> TensorShape | None:
    return ask.shape(value.x)


@SHAPES.of(Permute)
def _permute(value: Permute, ask: Ask) -> TensorShape | None:
    order = [integer(axis, ask) for axis in value.order]
    if any(axis is None for axis in order):
        return UNKNOWN
    source = ask.shape(value.x)
    if source is None or (not source.open and len(source.axes) != len(order)):
        return TensorShape((None,) * len(order))
    from_end = (axis % len(order) - len(order) for axis in order if axis is not None)
    return TensorShape(tuple(source.axis(axis) for axis in from_end))


@SHAPES.of(View)
def _view(value: View, ask: Ask) -> TensorShape | None:
    wanted = sizes(value.sizes, ask)
    if wanted is None:
        return _open_view(value, ask)
    return _inferred(wanted, ask.shape(value.x))


def _open_view(value: View, ask: Ask) -> TensorShape:
    """``view(*x.shape[:-1], heads, head_dim)``: only what follows the unknown part is known."""
    tail: list[ExtentOf] = []
    flat: list[Value] = []
    for size in value.sizes:
        resolved = ask.resolve(size)
        flat.extend(resolved.items if isinstance(resolved, Items) else (resolved,))
    for size in reversed(flat):
        if sizes((size,), ask) is None:
            break
        extent = ask.scalar(size)
        tail.insert(0, None if extent is not None and extent.is_number and extent.coefficient == -1 else extent)
    if tail and all(extent is None for extent in tail):
        return UNKNOWN
    source = ask.shape(value.x)
    if len(tail) >= 1 and tail.count(None) == 1 and source is not None and source.axes:
        given = ONE
        for extent in tail:
            given = given * extent if extent is not None else given
        last = source.axis(-1)
        if last is not None:
            tail[tail.index(None)] = last / given
    return TensorShape(tuple(tail), True)


def _inferred(wanted: list[ExtentOf | int], source: TensorShape | None) -> TensorShape:
    axes: list[ExtentOf] = [None if isinstance(size, int) else size for size in wanted]
    if -1 in [size for size in wanted if isinstance(size, int)] and axes.count(None) == 1:
        total = source.total() if source is not None else None
        given = ONE
        for extent in axes:
            given = given * extent if extent is not None else given
        if total is not None:
            axes[axes.index(None)] = total / given
    return TensorShape(tuple(axes))


@SHAPES.of(Flatten)
def _flatten(value: Flatten, ask: Ask) -> TensorShape | None:
    source = ask.shape(value.x)
    start, end = integer(value.start, ask), integer(value.end, ask)
    if source is None or start is None or end is None:
        return UNKNOWN
    first, last = source.index(start), source.index(end)
    if first is None or last is None or source.open or first > last:
        return UNKNOWN
    merged = TensorShape(source.axes[first : last + 1]).total()
    return TensorShape((*source.axes[:first], merged, *source.axes[last + 1 :]))


@SHAPES.of(Unflatten)
def _unflatten(value: Unflatten, ask: Ask) -> TensorShape | None:
    source, axis = ask.shape(value.x), integer(value.axis, ask)
    place = source.index(axis) if source is not None and axis is not None else None
    wanted = sizes(value.sizes, ask)
    if source is None or place is None or wanted is None:
        return UNKNOWN
    parts = _inferred(wanted, TensorShape((source.axes[place],)))
    return TensorShape((*source.axes[:place], *parts.axes, *source.axes[place + 1 :]), source.open)


@SHAPES.of(Rearrange)
def _rearrange(value: Rearrange, ask: Ask) -> TensorShape | None:
    parsed = equations.parse_pattern(value.pattern)
    if parsed is None:
        return UNKNOWN
    extents = rearranged(value, parsed[0], ask)
    right = parsed[1]
    cut = next((i + 1 for i, axis in enumerate(right) if "..." in axis), 0)
    axes: list[ExtentOf] = []
    known = ask.shape(value.x)
    at = next((i for i, axis in enumerate(parsed[0]) if "..." in axis), None)
    whole = known is not None and not known.open and at is not None and right.count(("...",)) == 1
    rest = known.axes[at : len(known.axes) - (len(parsed[0]) - (at or 0) - 1)] if whole and known else ()
    for axis in right if whole else right[cut:]:
        if axis == ("...",):
            axes.extend(rest)
            continue
        product: ExtentOf = ONE
        for letter in axis:
            extent = ONE if letter == "1" else Monomial.number(int(letter)) if letter.isdigit() else extents.get(letter)
            product = None if product is None or extent is None else product * extent
        axes.append(product)
    return TensorShape(tuple(axes), bool(cut) and not whole)


def rearranged(value: Rearrange, left: Sequence[tuple[str, ...]], ask: Ask) -> dict[str, ExtentOf]:
    """Extents by letter on the left side of an einops pattern, with the given sizes and what they imply."""
    known = ask.shape(value.x)
    given = dict(zip(value.letters, value.sizes, strict=True))
    extents: dict[str, ExtentOf] = {name: ask.scalar(size) for name, size in given.items()}
    count = len(left)
    spread_at = next((i for i, axis in enumerate(left) if "..." in axis), count)
    for i, axis in enumerate(left):
        if i == spread_at or known is None or (known.open and i < spread_at < count):
            continue
        whole = known.axis(i if i < spread_at and not known.open else i - count)
        missing = [letter for letter in axis if extents.get(letter) is None]
        if whole is not None and len(missing) == 1:
            rest: ExtentOf = whole
            for letter in axis:
                other = extents.get(letter)
                rest = rest / other if rest is not None and other is not None else rest
            extents[missing[0]] = rest
    return extents


@SHAPES.of(Piece)
def _piece(value: Piece, ask: Ask) -> TensorShape | None:
    source, axis = ask.shape(value.x), integer(value.axis, ask)
    if source is None or axis is None:
        return UNKNOWN
    size = ask.scalar(value.size) if value.size is not None else None
    whole, count = source.axis(axis), ask.scalar(value.count) if value.count is not None else None
    if size is None and whole is not None and count is not None:
        size = whole / count
        if whole.is_number and count.is_number:
            size = Monomial.number(math.ceil(whole.coefficient / count.coefficient))
    if whole is not None and whole.is_number and size is not None and size.is_number:
        left_over = whole.coefficient - value.index * size.coefficient
        size = Monomial.number(min(size.coefficient, left_over)) if left_over > 0 else None
    return source.with_axis(axis, size)


@SHAPES.of(Select)
def _select(value: Select, ask: Ask) -> TensorShape | None:
    source, axis = ask.shape(value.x), integer(value.axis, ask)
    place = source.index(axis) if source is not None and axis is not None else None
    if source is None or axis is None:
        return UNKNOWN
    if place is None:
        return TensorShape(source.axes[1:], True) if axis == 0 and source.open else UNKNOWN
    return TensorShape((*source.axes[:place], *source.axes[place + 1 :]), source.open)


@SHAPES.of(Index)
def _index(value: Index, ask: Ask) -> TensorShape | None:
    source = ask.shape(value.x)
    if isinstance(ask.resolve(value.x), Shape):
        return None
    keys = [ask.resolve(k) for k in value.keys]
    simple = all(
        isinstance(k, Slicing)
        or (isinstance(k, Constant) and (k.value is None or k.value is ... or type(k.value) is int))
        for k in keys
    )
    if source is None or not simple:
        return UNKNOWN
    cut = next((i for i, k in enumerate(keys) if isinstance(k, Constant) and k.value is ...), None)
    if cut is None:
        return _indexed_front(source, keys, ask)
    tail = [k for k in keys[cut + 1 :] if not (isinstance(k, Constant) and k.value is None)]
    kept = len(source.axes) - len(tail)
    if kept < 0:
        return UNKNOWN
    front = _indexed_front(TensorShape(source.axes[:kept], source.open), keys[:cut], ask)
    back = _indexed_front(TensorShape(source.axes[kept:]), keys[cut + 1 :], ask)
    return TensorShape((*front.axes, *back.axes), front.open)


def _indexed_front(source: TensorShape, keys: Sequence[Value], ask: Ask) -> TensorShape:
    if not keys:
        return source
    if source.open:
        return UNKNOWN
    axes: list[ExtentOf] = []
    waiting = list(source.axes)
    for k in keys:
        if isinstance(k, Constant) and k.value is None:
            axes.append(ONE)
        elif not waiting:
            return UNKNOWN
        elif isinstance(k, Slicing):
            axes.append(_sliced(waiting.pop(0), k, ask))
        else:
            waiting.pop(0)
    return TensorShape((*axes, *waiting))


def _sliced(extent: ExtentOf, cut: Slicing, ask: Ask) -> ExtentOf:
    lower, upper, step = (ask.resolve(v) for v in (cut.lower, cut.upper, cut.step))
    none = [isinstance(v, Constant) and v.value is None for v in (lower, upper, step)]
    if all(none):
        return extent
    starts = none[0] or (isinstance(lower, Constant) and lower.value == 0)
    bound = ask.scalar(upper) if starts and none[2] and not none[1] else None
    if bound is None or bound.coefficient <= 0:
        return ONE if none[1] and none[2] and literal(lower) == -1 else None
    if bound.is_number:
        known = extent is not None and extent.is_number
        return Monomial.number(min(bound.coefficient, extent.coefficient)) if known and extent is not None else None
    return bound


@SHAPES.of(Cat)
def _cat(value: Cat, ask: Ask) -> TensorShape | None:
    known = [shape for shape in map(ask.shape, value.items) if shape is not None]
    axis = integer(value.axis, ask)
    if not known or axis is None:
        return UNKNOWN
    like = next((shape for shape in known if shape.rank is not None), known[0])
    return like.with_axis(axis, _sum_along(value, axis, ask))


def _sum_along(value: Cat, axis: int, ask: Ask) -> ExtentOf:
    """Extents along an axis added up, where they are multiples of one another, as the halves of a rotary embedding."""
    total: ExtentOf = None
    for item in value.items:
        known = ask.shape(item)
        extent = known.axis(axis) if known is not None else None
        if extent is None or (total is not None and total.powers != extent.powers):
            return None
        total = extent if total is None else Monomial(total.coefficient + extent.coefficient, extent.powers)
    return total


@SHAPES.of(Stack)
def _stack(value: Stack, ask: Ask) -> TensorShape | None:
    first, axis = ask.shape(value.items[0]) if value.items else None, integer(value.axis, ask)
    if first is None or axis is None:
        return UNKNOWN
    return _inserted(first, axis, Monomial.number(len(value.items)))


def _inserted(source: TensorShape, axis: int, extent: ExtentOf) -> TensorShape:
    place = axis if axis >= 0 else len(source.axes) + 1 + axis
    if place < 0 or (axis >= 0 and source.open) or place > len(source.axes):
        return UNKNOWN
    return TensorShape((*source.axes[:place], extent, *source.axes[place:]), source.open)


@SHAPES.of(Unsqueeze)
def _unsqueeze(value: Unsqueeze, ask: Ask) -> TensorShape | None:
    source, axis = ask.shape(value.x), integer(value.axis, ask)
    return UNKNOWN if source is None or axis is None else _inserted(source, axis, ONE)


@SHAPES.of(Squeeze)
def _squeeze(value: Squeeze, ask: Ask) -> TensorShape | None:
    source, axis = ask.shape(value.x), integer(value.axis, ask)
    place = source.index(axis) if source is not None and axis is not None else None
    if source is None or place is None:
        return UNKNOWN
    extent = source.axes[place]
    if extent is None or not extent.is_one:
        return UNKNOWN
    return TensorShape((*source.axes[:place], *source.axes[place + 1 :]), source.open)


@SHAPES.of(Expand)
def _expand(value: Expand, ask: Ask) -> TensorShape | None:
    wanted, source = sizes(value.sizes, ask), ask.shape(value.x)
    if wanted is None:
        return UNKNOWN
    axes: list[ExtentOf] = []
    for place, size in enumerate(wanted):
        kept = source.axis(place - len(wanted)) if source is not None else None
        axes.append(kept if isinstance(size, int) else size)
    return TensorShape(tuple(axes))


@SHAPES.of(Repeat)
def _repeat(value: Repeat, ask: Ask) -> TensorShape | None:
    times, source = sizes(value.times, ask), ask.shape(value.x)
    if times is None or source is None:
        return UNKNOWN
    axes: list[ExtentOf] = []
    for place, factor in enumerate(times):
        offset = place - len(times)
        kept = source.axis(offset) if source.index(offset) is not None else (None if source.open else ONE)
        axes.append(kept * factor if kept is not None and isinstance(factor, Monomial) else None)
    return TensorShape(tuple(axes))


@SHAPES.of(RepeatInterleave)
def _repeat_interleave(value: RepeatInterleave, ask: Ask) -> TensorShape | None:
    source, axis, times = ask.shape(value.x), integer(value.axis, ask), ask.scalar(value.times)
    if source is None or axis is None:
        return UNKNOWN
    old = source.axis(axis)
    return source.with_axis(axis, old * times if old is not None and times is not None else None)
