"""How the heads of key and value are repeated to meet those of the query."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from attnlint.attention.site import Operand
from attnlint.graph import equations
from attnlint.graph.facts import Facts
from attnlint.graph.scalars import Monomial
from attnlint.graph.shapes import TensorShape, integer
from attnlint.graph.values import (
    Cat,
    Expand,
    Flatten,
    Rearrange,
    Repeat,
    RepeatInterleave,
    Value,
    View,
    strip,
)


@dataclass(frozen=True)
class RepeatedHeads:
    """Heads that are repeated: ``extent`` of them, each ``times`` times."""

    at: Value
    """The operation that repeats."""
    source: Value
    extent: Monomial
    times: Monomial
    interleaved: bool
    """Whether the copies of a head stand side by side (``a a b b``), not one round after another (``a b a b``)."""


def repeated_heads(operand: Operand, heads: Monomial, facts: Facts) -> RepeatedHeads | None:
    """The repetition that gives an operand its ``heads``, None where there is none or it is not understood."""
    for step in operand.steps:
        for found in _repetition(step, facts):
            if (found.extent * found.times).equals(heads):
                return found
    return None


def stretched_heads(operand: Operand, heads: Monomial, facts: Facts) -> RepeatedHeads | None:
    """An ``expand`` of an axis that holds several heads to ``heads`` of them, which no tensor can do."""
    for step in operand.steps:
        before, after = (facts.shape(step.x), facts.shape(step)) if isinstance(step, Expand) else (None, None)
        if not isinstance(step, Expand) or before is None or after is None or len(before.axes) != len(after.axes):
            continue
        for old, new in zip(before.axes, after.axes, strict=True):
            times = new / old if old is not None and new is not None and not old.equals(new) else None
            if old is not None and new is not None and times is not None and new.equals(heads) and not old.is_one:
                return RepeatedHeads(step, step.x, old, times, False)
    return None


def heads_of(value: Value, facts: Facts) -> Monomial | None:
    """Extent of the axis of heads of (…, heads, tokens, head_dim)."""
    shape = facts.shape(value)
    return shape.axis(-3) if shape is not None else None


def _repetition(value: Value, facts: Facts) -> Iterator[RepeatedHeads]:
    match value:
        case RepeatInterleave(x=x, times=times, axis=axis):
            shape, place, count = facts.shape(x), integer(axis, facts), facts.scalar(times)
            extent = _extent(shape, place) if shape is not None and place is not None else None
            if extent is not None and count is not None:
                yield RepeatedHeads(value, x, extent, count, True)
        case Repeat(x=x, times=times):
            yield from _tiled(value, x, [facts.scalar(count) for count in times], facts)
        case Cat(items=items) if len({id(strip(item)) for item in items}) == 1 and len(items) > 1:
            shape, place = facts.shape(items[0]), integer(value.axis, facts)
            extent = _extent(shape, place) if shape is not None and place is not None else None
            if extent is not None:
                yield RepeatedHeads(value, items[0], extent, Monomial.number(len(items)), False)
        case Rearrange(kind="repeat"):
            yield from _by_pattern(value, facts)
        case View(x=x) | Flatten(x=x):
            yield from _expanded(value, facts.resolve(x), facts)


def _extent(shape: TensorShape, place: int) -> Monomial | None:
    """Extent of an axis; where the rank is not known, of one of the four that heads have. What is repeated is only
    taken for heads where the numbers agree."""
    return shape.axis(place - 4 if shape.open and 0 <= place < 4 <= len(shape.axes) else place)


def _tiled(value: Value, x: Value, times: list[Monomial | None], facts: Facts) -> Iterator[RepeatedHeads]:
    shape = facts.shape(x)
    if shape is None or None in times:
        return
    repeated = [(place - len(times), count) for place, count in enumerate(times) if count and not count.is_one]
    if len(repeated) != 1:
        return
    place, count = repeated[0]
    extent = shape.axis(place)
    if extent is not None and count is not None:
        yield RepeatedHeads(value, x, extent, count, extent.is_one)


def _by_pattern(value: Rearrange, facts: Facts) -> Iterator[RepeatedHeads]:
    """``b h n d -> b (h g) n d``: the new letter last stands side by side, first it goes round."""
    parsed, shape = equations.parse_pattern(value.pattern), facts.shape(value.x)
    if parsed is None or shape is None:
        return
    left, right = parsed
    sizes = dict(zip(value.letters, value.sizes, strict=True))
    known = {letter for axis in left for letter in axis}
    for axis in right:
        new = [letter for letter in axis if letter not in known]
        old = [letter for letter in axis if letter in known]
        if len(axis) != 2 or len(new) != 1 or (old[0],) not in left or new[0] not in sizes:
            continue
        extent, count = shape.axis(left.index((old[0],)) - len(left)), facts.scalar(sizes[new[0]])
        if extent is not None and count is not None:
            yield RepeatedHeads(value, value.x, extent, count, axis[1] == new[0] or extent.is_one)


def _expanded(value: Value, stretched: Value, facts: Facts) -> Iterator[RepeatedHeads]:
    """``k[:, :, None].expand(B, H, g, T, D).reshape(B, H * g, T, D)``, and the same with the new axis in front."""
    if not isinstance(stretched, Expand):
        return
    before, after, merged = facts.shape(stretched.x), facts.shape(stretched), facts.shape(value)
    if before is None or after is None or merged is None or len(merged.axes) != len(after.axes) - 1:
        return
    for place, count in enumerate(after.axes):
        old = before.axis(place - len(after.axes))
        if count is None or count.is_one or old is None or not old.is_one:
            continue
        for neighbour, interleaved in ((place - 1, True), (place + 1, False)):
            if not 0 < neighbour < len(after.axes) - 1:
                continue
            extent, together = after.axes[neighbour], merged.axes[min(place, neighbour)]
            rest = _without(after, place, neighbour)
            if extent is not None and together is not None and together.equals(extent * count) and _fits(rest, merged):
                yield RepeatedHeads(value, stretched.x, extent, count, interleaved or extent.is_one)


def _without(shape: TensorShape, one: int, other: int) -> tuple[Monomial | None, ...]:
    low, high = sorted((one, other))
    return (*shape.axes[:low], None, *shape.axes[low + 1 : high], *shape.axes[high + 1 :])


def _fits(expected: tuple[Monomial | None, ...], shape: TensorShape) -> bool:
    """Whether the axes that are known on both sides are the same."""
    pairs = zip(expected, shape.axes, strict=True)
    return all(one is None or two is None or one.equals(two) for one, two in pairs)
