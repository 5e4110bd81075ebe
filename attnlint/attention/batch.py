"""Which axis of a tensor holds the samples of the batch, by what the code does on the way to it.

Names say nothing here. What does: torch's own contracts (a convolution, a module built with ``batch_first=True``),
tokens that are stretched along one axis and joined along the other, positions that are counted along an axis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from attnlint.attention.torch_modules import is_batch_first
from attnlint.graph import equations
from attnlint.graph.facts import Facts
from attnlint.graph.scalars import extent_of
from attnlint.graph.shapes import integer
from attnlint.graph.values import (
    Add,
    Arange,
    Carried,
    Cast,
    Cat,
    Constant,
    Convolution,
    Divide,
    Dropout,
    Embedding,
    Expand,
    Flatten,
    Index,
    Items,
    Learned,
    Linear,
    MaskedFill,
    MultiHead,
    Multiply,
    Normalize,
    Output,
    Permute,
    Piece,
    Pointwise,
    Rearrange,
    Recurrent,
    Reduce,
    Repeat,
    Repeating,
    Select,
    Slicing,
    Squeeze,
    Stack,
    Subtract,
    TransformerCall,
    Transpose,
    Unsqueeze,
    Value,
    View,
    literal,
)

CERTAIN = 2
"""Weight of evidence that is enough by itself; of what is only likely, two kinds are needed."""
SAME = (Normalize, Dropout, Cast, Pointwise, Linear, MaskedFill, Embedding)
"""Operations that leave the leading axes as they are."""
ARITHMETIC = (Add, Subtract, Multiply, Divide)


@dataclass(frozen=True)
class Evidence:
    """The samples stand on ``axis``, because of what is at ``at``. ``what`` completes "the batch is on axis 0: …"."""

    axis: int
    weight: int
    at: Value
    what: str


Found: TypeAlias = tuple[Evidence, ...]
Handler: TypeAlias = "Callable[[Any, Facts], Found]"
_ANSWERS: dict[type[Value], Handler] = {}


def _answers(*kinds: type[Value]) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        _ANSWERS.update(dict.fromkeys(kinds, handler))
        return handler

    return register


def batch_axes(value: Value, facts: Facts) -> Found:
    """All that is known of the axis on which a tensor has its samples."""
    return facts.once("batch", value, _derived) or ()


def _derived(value: Value, facts: Facts) -> Found:
    handler = _ANSWERS.get(type(value))
    return handler(value, facts) if handler is not None else ()


def _moved(found: Found, axis: int | None) -> Iterator[Evidence]:
    """The evidence for axis 0 with another axis in its place; nothing where the samples have none any more."""
    if axis is not None:
        yield from (replace(evidence, axis=axis) for evidence in found)


def _mapped(x: Value, facts: Facts, to: Any) -> Found:
    """The evidence about an operand, with every axis sent where ``to`` says."""
    return tuple(moved for one in batch_axes(x, facts) for moved in _moved((one,), to(one.axis)))


# What says so


@_answers(Convolution)
def _convolution(value: Convolution, facts: Facts) -> Found:
    return (Evidence(0, CERTAIN, value, f"{value.text} is that of a convolution"),)


@_answers(Output)
def _output(value: Output, facts: Facts) -> Found:
    call = value.call
    stream = call.query if isinstance(call, MultiHead) else call.x if isinstance(call, Recurrent) else call
    return (*contract(call, facts), *batch_axes(stream, facts))


@_answers(TransformerCall)
def _transformer(value: TransformerCall, facts: Facts) -> Found:
    return (*contract(value, facts), *batch_axes(value.stream, facts))


def contract(call: Value, facts: Facts) -> Iterator[Evidence]:
    """``batch_first=True`` was written by somebody who knew the layout; the default was written by nobody."""
    flag, is_recurrent = is_batch_first(call, facts), isinstance(call, Recurrent)
    if isinstance(call, (MultiHead, TransformerCall, Recurrent)) and (flag or (flag is False and is_recurrent)):
        yield Evidence(0 if flag else 1, CERTAIN, call, f"{call.module.text} was built with batch_first={flag}")


@_answers(Cat)
def _cat(value: Cat, facts: Facts) -> Found:
    axis = integer(value.axis, facts)
    if axis is None:
        return ()
    rank = next((s.rank for s in map(facts.shape, value.items) if s is not None and s.rank is not None), None)
    if axis < 0 and rank is not None:
        axis += rank
    behind = [one for item in value.items for one in batch_axes(item, facts) if one.axis != axis]
    return (*behind, *_tokens(value, axis, facts))


def _tokens(value: Cat, axis: int, facts: Facts) -> Iterator[Evidence]:
    """Tokens that are joined along axis 1."""
    if axis != 1:
        return
    for item in map(facts.resolve, value.items):
        if _is_stretched(item, facts):
            yield Evidence(0, CERTAIN, value, f"{item.text}, one token for each sample, is joined on axis 1")
            return
    for item in map(facts.resolve, value.items):
        if isinstance(item, Unsqueeze) and integer(item.axis, facts) == 1 and len(value.items) > 1:
            yield Evidence(0, CERTAIN - 1, value, f"{item.text} is joined as a token on axis 1")
            return


def _is_stretched(item: Value, facts: Facts) -> bool:
    """A learned token, stretched along axis 0 to as many samples as there are."""
    match item:
        case Expand(x=x, sizes=sizes) if len(sizes) == 3:
            first, second = facts.scalar(sizes[0]), integer(sizes[1], facts)
            stretched = first is not None and not first.is_number and second in (-1, 1)
        case Repeat(x=x, times=times) if len(times) == 3:
            first, second = facts.scalar(times[0]), integer(times[1], facts)
            stretched = first is not None and not first.is_number and second == 1
        case Rearrange(x=x, pattern=pattern, kind="repeat"):
            left, right = equations.parse_pattern(pattern) or ((), ())
            stretched = len(right) == 3 and right[0] not in left and len(right[0]) == 1 and right[1:] == left[-2:]
        case Cast(x=x):
            return _is_stretched(facts.resolve(x), facts)
        case _:
            return False
    return stretched and _is_learned(x, facts)


def _is_learned(value: Value, facts: Facts) -> bool:
    inner = facts.resolve(value)
    while isinstance(inner, (Unsqueeze, View, Cast, Index, Select)):
        inner = facts.resolve(next(inner.operands()))
    return isinstance(inner, Learned)


@_answers(Stack)
def _stack(value: Stack, facts: Facts) -> Found:
    axis = integer(value.axis, facts)
    if axis is None or axis < 0:
        return ()
    items = [facts.resolve(item) for item in value.items]
    items = [facts.resolve(item.item) if isinstance(item, Repeating) else item for item in items]
    behind = [one for item in items for one in _mapped(item, facts, lambda a: a + (axis <= a))]
    if axis == 1:
        columns = bool(items) and all(_is_of_column(item, facts) for item in items)
        what = f"{value.text} stacks tokens on axis 1" + ", one for each column of a batch" * columns
        behind.append(Evidence(0, CERTAIN if columns else CERTAIN - 1, value, what))
    return tuple(behind)


def _is_of_column(item: Value, facts: Facts) -> bool:
    """An embedding or a projection of ``x[:, i]``."""
    source = facts.resolve(item)
    while isinstance(source, SAME):
        inner = facts.resolve(next(source.operands()))
        match inner:
            case Index(keys=(Slicing() as whole, index)) if not isinstance(facts.resolve(index), Slicing):
                return isinstance(source, (Embedding, Linear)) and literal(whole.lower) is literal(whole.upper) is None
        source = inner
    return False


@_answers(*ARITHMETIC)
def _arithmetic(value: Any, facts: Facts) -> Found:
    found: list[Evidence] = []
    shapes = facts.shape(value.left), facts.shape(value.right)
    rank = max((s.rank for s in shapes if s is not None and s.rank is not None), default=None)
    for side, shape, other in ((value.left, shapes[0], value.right), (value.right, shapes[1], value.left)):
        own = shape.rank if shape is not None else None
        shift = rank - own if rank is not None and own is not None else 0
        one_sized = shape is not None and shape.axes and not shape.open
        for evidence in batch_axes(side, facts):
            extent = shape.axis(evidence.axis) if one_sized and shape is not None else None
            if extent is None or not extent.is_one:
                found.append(replace(evidence, axis=evidence.axis + shift))
        if isinstance(value, Add):
            for axis in (0, 1):
                if counts_along(side, other, axis, facts):
                    what = f"the positions {side.text} are counted along axis {axis}"
                    found.append(Evidence(1 - axis, CERTAIN, value, what))
    return tuple(found)


def counts_along(positions: Value, x: Value, axis: int, facts: Facts) -> bool:
    """Whether positions that are added to ``x`` are as many as ``x`` has cells on an axis, 1 of 3 for example."""
    extent = extent_of(x, axis, facts)
    if not extent.powers:
        return False
    value = facts.resolve(positions)
    rank = 0
    while isinstance(value, (Dropout, Cast, Multiply, Unsqueeze)):
        if isinstance(value, Unsqueeze):
            if integer(value.axis, facts) != 1 - axis:
                return False
            rank += 1
        value = facts.resolve(next(value.operands()))
    match value:
        case Embedding(x=ids):
            shape = facts.shape(ids)
            counted = shape is not None and shape.rank in (1, 2) and shape.axis(-1) == extent
            return counted and _is_counted(ids, facts) and (axis == 1 or rank == 1)
        case Index(x=table, keys=(Slicing() as cut,)):
            shape = facts.shape(table)
            known = shape.rank if shape is not None else None
            stands = known == 2 if axis == 1 else known is not None and known + rank == 3
            return stands and _cuts_at(cut, extent, facts)
        case Index(keys=(Slicing() as whole, Slicing() as cut, *_)) if axis == 1:
            return literal(whole.lower) is literal(whole.upper) is None and _cuts_at(cut, extent, facts)
    return False


def _cuts_at(cut: Slicing, extent: Any, facts: Facts) -> bool:
    upper = facts.scalar(cut.upper)
    return literal(cut.lower) in (None, 0) and upper is not None and bool(upper.equals(extent))


def _is_counted(ids: Value, facts: Facts) -> bool:
    value = facts.resolve(ids)
    while isinstance(value, (Unsqueeze, Expand, Cast, View, Index, Repeat)):
        value = facts.resolve(next(value.operands()))
    return isinstance(value, Arange)


# What passes it on


@_answers(*SAME)
def _same(value: Any, facts: Facts) -> Found:
    return batch_axes(value.x, facts)


@_answers(Carried)
def _carried(value: Carried, facts: Facts) -> Found:
    """In the first turn of a loop."""
    return batch_axes(value.entry, facts)


@_answers(Transpose)
def _transpose(value: Transpose, facts: Facts) -> Found:
    shape = facts.shape(value.x)
    rank = shape.rank if shape is not None else None
    axes = [integer(axis, facts) for axis in (value.first, value.second)]
    if None in axes:
        return ()
    pair = [a + rank if a is not None and a < 0 and rank is not None else a for a in axes]
    if any(a is not None and a < 0 for a in pair):
        inner = {-1, -2} == set(pair)
        return _mapped(value.x, facts, lambda axis: axis if inner and axis == 0 else None)
    swap = {pair[0]: pair[1], pair[1]: pair[0]}
    return _mapped(value.x, facts, lambda axis: swap.get(axis, axis))


@_answers(Permute)
def _permute(value: Permute, facts: Facts) -> Found:
    order = [integer(axis, facts) for axis in value.order]
    if None in order:
        return ()
    places = [axis % len(order) for axis in order if axis is not None]
    return _mapped(value.x, facts, lambda axis: places.index(axis) if axis in places else None)


@_answers(Flatten)
def _flatten(value: Flatten, facts: Facts) -> Found:
    start = integer(value.start, facts)
    if start == -2:
        return _mapped(value.x, facts, lambda axis: axis if axis == 0 else None)
    return _mapped(value.x, facts, lambda axis: axis if start is not None and start > axis else None)


@_answers(View)
def _view(value: View, facts: Facts) -> Found:
    """Axis 0 stays where its extent does."""
    found = batch_axes(value.x, facts)
    first = facts.resolve(value.sizes[0]) if value.sizes else None
    if isinstance(first, Items) and first.items:
        first = facts.resolve(first.items[0])
    extent = facts.scalar(first) if found and first is not None else None
    kept = extent is not None and extent.powers and extent.equals(extent_of(value.x, 0, facts))
    return tuple(one for one in found if one.axis == 0 and kept)


@_answers(Rearrange)
def _rearrange(value: Rearrange, facts: Facts) -> Found:
    left, right = equations.parse_pattern(value.pattern) or ((), ())
    if ("...",) in left:
        return ()

    def to(axis: int) -> int | None:
        alone = axis < len(left) and len(left[axis]) == 1 and left[axis] in right
        return right.index(left[axis]) if alone else None

    return _mapped(value.x, facts, to)


@_answers(Unsqueeze)
def _unsqueeze(value: Unsqueeze, facts: Facts) -> Found:
    place = integer(value.axis, facts)
    if place is None:
        return ()
    return _mapped(value.x, facts, lambda axis: axis + (0 <= place <= axis) if place >= 0 or axis == 0 else None)


@_answers(Squeeze, Select, Piece, Reduce)
def _dropped(value: Any, facts: Facts) -> Found:
    places = _places(value.axis, facts)
    keeps = isinstance(value, Piece) or (isinstance(value, Reduce) and literal(value.keepdim) is True)

    def to(axis: int) -> int | None:
        if not places or axis in places or any(place < 0 < axis for place in places):
            return None
        return axis if keeps else axis - sum(0 <= place < axis for place in places)

    return _mapped(value.x, facts, to)


def _places(axis: Value, facts: Facts) -> list[int]:
    inner = facts.resolve(axis)
    found = [integer(item, facts) for item in (inner.items if isinstance(inner, Items) else (inner,))]
    return [place for place in found if place is not None] if None not in found else []


@_answers(Index)
def _index(value: Index, facts: Facts) -> Found:
    keys = [facts.resolve(key) for key in value.keys]

    def to(axis: int) -> int | None:
        old = new = 0
        for key in keys:
            if isinstance(key, Constant) and key.value is ...:
                break
            if isinstance(key, Constant) and key.value is None:
                new += 1
                continue
            if not isinstance(key, Slicing) and not isinstance(integer(key, facts), int):
                return None
            if old == axis:
                return new if isinstance(key, Slicing) else None
            old, new = old + 1, new + isinstance(key, Slicing)
        return axis - old + new if old <= axis else None

    return _mapped(value.x, facts, to)


@_answers(Expand, Repeat)
def _stretched(value: Any, facts: Facts) -> Found:
    sizes = value.sizes if isinstance(value, Expand) else value.times
    shape = facts.shape(value.x)
    keeps = shape is not None and shape.rank == len(sizes)
    return batch_axes(value.x, facts) if keeps else ()


def is_single(value: Value, facts: Facts) -> bool:
    """Whether axis 1 has extent 1: there is one token, and attention along it would do nothing."""
    inner = facts.resolve(value)
    while isinstance(inner, SAME):
        inner = facts.resolve(next(inner.operands()))
    match inner:
        case Unsqueeze(axis=axis) if integer(axis, facts) == 1:
            return True
        case Index(keys=(Slicing(), new, *_)) if literal(new) is None:
            return True
    shape = facts.shape(value)
    extent = shape.axis(1) if shape is not None else None
    return extent is not None and extent.is_one


def only(found: Iterable[Evidence], axis: int) -> Found:
    """The evidence for an axis, the strongest first, one of a kind; nothing where some speaks for another."""
    evidence = tuple(found)
    if any(one.axis != axis for one in evidence):
        return ()
    unique = {one.at.origin.place if one.at.origin is not None else id(one.at): one for one in evidence}
    return tuple(sorted(unique.values(), key=lambda one: -one.weight))
