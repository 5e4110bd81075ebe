"""Whether a change of layout leaves the last two axes of a tensor, its matrices, as they were."""

from __future__ import annotations

from attnlint.graph import equations
from attnlint.graph.domains import Ask
from attnlint.graph.shapes import integer
from attnlint.graph.values import (
    Constant,
    Expand,
    Index,
    Rearrange,
    Repeat,
    Select,
    Slicing,
    Unsqueeze,
    Value,
    View,
    literal,
)


def keeps_matrix(value: Value, ask: Ask) -> bool:
    """Whether row i and column j of the operand are row i and column j of the result. Slices may cut both short."""
    match value:
        case Expand():
            return True
        case Unsqueeze(x=x, axis=axis):
            return _stands_before(integer(axis, ask), x, ask, inserted=True)
        case Select(x=x, axis=axis):
            return _stands_before(integer(axis, ask), x, ask, inserted=False)
        case Repeat(times=times):
            return len(times) >= 2 and all(integer(t, ask) == 1 for t in times[-2:])
        case View(x=x):
            before, after = ask.shape(x), ask.shape(value)
            return before is not None and after is not None and _same_end(before.axes, after.axes)
        case Rearrange(pattern=pattern):
            parsed = equations.parse_pattern(pattern)
            ends = [side[-2:] for side in parsed] if parsed is not None else [(), (("",),)]
            return ends[0] == ends[1] and len(ends[0]) == 2 and all(len(axis) == 1 for axis in ends[0])
        case Index(x=x, keys=keys):
            return _keeps_corner(x, keys, ask)
    return False


def _stands_before(axis: int | None, x: Value, ask: Ask, *, inserted: bool) -> bool:
    """Whether an axis that is inserted or dropped stands in front of the last two."""
    shape = ask.shape(x)
    rank = shape.rank if shape is not None else None
    if axis is None:
        return False
    if axis < 0:
        return axis <= -3
    return rank is not None and axis <= rank - (2 if inserted else 3)


def _same_end(before: tuple[object, ...], after: tuple[object, ...]) -> bool:
    ends = before[-2:], after[-2:]
    return len(ends[0]) == 2 and None not in ends[0] and ends[0] == ends[1]


def _keeps_corner(x: Value, keys: tuple[Value, ...], ask: Ask) -> bool:
    """Subscripts under which the last two axes stay and start at their first cell."""
    shape = ask.shape(x)
    rank = shape.rank if shape is not None else None
    taken = sum(isinstance(key, Slicing) for key in keys)
    if rank is None or not all(_is_plain(key, ask) for key in keys):
        return False
    after = rank - taken
    spread = any(literal(key) is ... for key in keys)
    behind = 0
    for key in reversed(keys):
        if literal(key) is ...:
            behind += after
            spread = False
        elif isinstance(key, Slicing):
            behind += 1
        elif literal(key) is None and behind + (0 if any(literal(k) is ... for k in keys) else after) < 2:
            return False
    return not spread


def _is_plain(key: Value, ask: Ask) -> bool:
    if isinstance(key, Slicing):
        return literal(key.lower) in (None, 0) and literal(key.step) is None
    return isinstance(key, Constant) and (key.value is None or key.value is ...)
