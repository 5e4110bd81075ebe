"""Where one axis of a tensor stands after a change of layout. Axes are counted from the end: −1 is the last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from attnlint.graph import equations
from attnlint.graph.domains import Ask
from attnlint.graph.shapes import TensorShape, integer
from attnlint.graph.values import (
    Add,
    Assigned,
    Cast,
    Cat,
    Constant,
    Divide,
    Dropout,
    Expand,
    Flatten,
    Index,
    MaskedFill,
    Multiply,
    Permute,
    Piece,
    Pointwise,
    Rearrange,
    Reorder,
    Repeat,
    RepeatInterleave,
    ReverseDims,
    Select,
    Slicing,
    Squeeze,
    Subtract,
    Transpose,
    Unflatten,
    Unsqueeze,
    Value,
    View,
    Where,
    literal,
)


@dataclass(frozen=True)
class Place:
    """An axis, counted from the end, of a tensor whose rank is None where it is not known."""

    axis: int
    rank: int | None = None


Step: TypeAlias = "Callable[[Any, Place, Ask], Place | None]"
_STEPS: dict[type[Value], Step] = {}


def place_of(axis: int, rank: int | None) -> Place | None:
    """The place of an axis as code writes it; one counted from the front needs the rank."""
    if axis < 0:
        return Place(axis, rank)
    return Place(axis - rank, rank) if rank is not None and axis < rank else None


def carried(value: Value, place: Place, ask: Ask) -> Place | None:
    """Where an axis of the first operand stands in ``value``; None where it is merged, gone or not known."""
    step = _STEPS.get(type(value))
    return step(value, _ranked(value, place, ask), ask) if step is not None else None


def _ranked(value: Value, place: Place, ask: Ask) -> Place:
    if place.rank is not None:
        return place
    operand = next(value.operands(), None)
    shape = ask.shape(operand) if operand is not None else None
    return Place(place.axis, shape.rank if shape is not None else None)


def _of(*kinds: type[Value]) -> Callable[[Step], Step]:
    def register(step: Step) -> Step:
        _STEPS.update(dict.fromkeys(kinds, step))
        return step

    return register


@_of(
    Cast, Dropout, MaskedFill, Multiply, Divide, Add, Subtract, Where, Pointwise, Assigned, Expand, Repeat,
    RepeatInterleave, Piece, Cat,
)  # fmt: skip
def _same(value: Value, place: Place, ask: Ask) -> Place | None:
    return place


def _counted(axis: Value, rank: int | None, ask: Ask) -> int | None:
    """An axis that an operation names, from the end."""
    known = integer(axis, ask)
    found = place_of(known, rank) if known is not None else None
    return found.axis if found is not None else None


@_of(Transpose)
def _transpose(value: Transpose, place: Place, ask: Ask) -> Place | None:
    one, two = integer(value.first, ask), integer(value.second, ask)
    if one is None or two is None:
        return None
    first, second = (_counted(axis, place.rank, ask) for axis in (value.first, value.second))
    if first is None or second is None:
        return None
    return Place({first: second, second: first}.get(place.axis, place.axis), place.rank)


@_of(Reorder)
def _reorder(value: Reorder, place: Place, ask: Ask) -> Place | None:
    return place


@_of(Permute)
def _permute(value: Permute, place: Place, ask: Ask) -> Place | None:
    order = [integer(axis, ask) for axis in value.order]
    count = len(order)
    where = [i for i, axis in enumerate(order) if axis is not None and axis % count == place.axis % count]
    return Place(where[0] - count, count) if len(where) == 1 and -place.axis <= count else None


@_of(ReverseDims)
def _reverse(value: ReverseDims, place: Place, ask: Ask) -> Place | None:
    return Place(-1 - (place.axis + place.rank), place.rank) if place.rank is not None else None


@_of(Unsqueeze)
def _unsqueeze(value: Unsqueeze, place: Place, ask: Ask) -> Place | None:
    rank = place.rank + 1 if place.rank is not None else None
    new = _counted(value.axis, rank, ask)
    return None if new is None else Place(place.axis if place.axis > new else place.axis - 1, rank)


@_of(Squeeze, Select)
def _dropped(value: Squeeze | Select, place: Place, ask: Ask) -> Place | None:
    gone = _counted(value.axis, place.rank, ask)
    if gone is None or gone == place.axis:
        return None
    rank = place.rank - 1 if place.rank is not None else None
    return Place(place.axis if place.axis > gone else place.axis + 1, rank)


@_of(Index)
def _index(value: Index, place: Place, ask: Ask) -> Place | None:
    keys = [ask.resolve(key) for key in value.keys]
    if not all(isinstance(key, Slicing) or _written(key) for key in keys):
        return None
    spread = next((i for i, key in enumerate(keys) if literal(key) is ...), None)
    taken = sum(isinstance(key, Slicing) or type(literal(key)) is int for key in keys)
    if place.rank is None and (spread is None or -place.axis > len(keys) - spread - 1):
        return None
    rank = place.rank if place.rank is not None else taken
    left = _left(keys if spread is not None else [*keys, Constant(...)], rank - taken)
    if rank < taken or rank + place.axis not in left:
        return None
    return Place(left.index(rank + place.axis) - len(left), len(left) if place.rank is not None else None)


def _written(key: Value) -> bool:
    held = literal(key)
    return held is None or held is ... or type(held) is int


def _left(keys: Sequence[Value], spread: int) -> list[int | None]:
    """The axes that subscripts leave, None for new ones; ``spread`` of them stand for the ellipsis."""
    axes: list[int | None] = []
    reading = 0
    for key in keys:
        if isinstance(key, Slicing):
            axes.append(reading)
            reading += 1
        elif literal(key) is ...:
            axes.extend(range(reading, reading + spread))
            reading += spread
        elif literal(key) is None:
            axes.append(None)
        else:
            reading += 1
    return axes


@_of(View)
def _view(value: View, place: Place, ask: Ask) -> Place | None:
    before, after = ask.shape(value.x), ask.shape(value)
    if before is None or after is None or after.open:
        return None
    return _kept(before, after, place)


def _kept(before: TensorShape, after: TensorShape, place: Place) -> Place | None:
    """The axis that has the same extent and as many numbers behind it."""
    extent, behind = before.axis(place.axis), TensorShape(before.axes[len(before.axes) + place.axis + 1 :]).total()
    if -place.axis > len(before.axes) or extent is None or extent.is_one or behind is None:
        return None
    for at, other in enumerate(after.axes):
        rest = TensorShape(after.axes[at + 1 :]).total()
        if other is not None and rest is not None and other.equals(extent) and rest.equals(behind):
            return Place(at - len(after.axes), after.rank)
    return None


@_of(Flatten)
def _flatten(value: Flatten, place: Place, ask: Ask) -> Place | None:
    start, end = _counted(value.start, place.rank, ask), _counted(value.end, place.rank, ask)
    if start is None or end is None or place.rank is None or start <= place.axis <= end:
        return None
    rank = place.rank - (end - start)
    return Place(place.axis if place.axis > end else place.axis + end - start, rank)


@_of(Unflatten)
def _unflatten(value: Unflatten, place: Place, ask: Ask) -> Place | None:
    split, more = _counted(value.axis, place.rank, ask), len(value.sizes) - 1
    if split is None or split == place.axis:
        return None
    rank = place.rank + more if place.rank is not None else None
    return Place(place.axis if place.axis > split else place.axis - more, rank)


@_of(Rearrange)
def _rearrange(value: Rearrange, place: Place, ask: Ask) -> Place | None:
    parsed = equations.parse_pattern(value.pattern)
    if parsed is None:
        return None
    left, right = parsed
    cut = next((i for i, axis in enumerate(left) if "..." in axis), None)
    if cut is not None and -place.axis > len(left) - cut - 1:
        return None
    if -place.axis > len(left) or len(left[place.axis]) != 1:
        return None
    alone = [i for i, axis in enumerate(right) if axis == left[place.axis]]
    spread = next((i for i, axis in enumerate(right) if "..." in axis), -1)
    if len(alone) != 1 or alone[0] <= spread:
        return None
    return Place(alone[0] - len(right), len(right) if spread < 0 else None)
