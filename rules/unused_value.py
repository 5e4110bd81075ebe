"""ATN304 unused-value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from attnlint.attention import AttentionPath, Operand
from attnlint.attention.output import meetings
from attnlint.attention.spelling import argument, written
from attnlint.attention.trail import Walk
from attnlint.diagnostics import Tier
from attnlint.graph.liveness import dead_ends
from attnlint.graph.values import Linear, Origin, Piece, Sdpa, Select, Value, literal
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.triggers import SITE


class UnusedValue(Rule):
    """The weights multiply the key, or the query, while a value was projected that nobody reads.

    **What it finds.** The product after softmax, or the value argument of a fused call, goes back to the projection of
    the key or the query, and another projection of the same input, or another part of the same packed projection, was
    computed and ends unread.

    **Why it hurts.** The output mixes keys where it should mix values (differences of about 2), and the value's
    weights are never trained.

    **Silent when** no value was projected (shared and latent keys and values), when it is returned, stored, put in a
    cache or handed to anything that is not understood.

    **Mend.** The value in place of the key, where it is at hand in the same layout.
    """

    code = "ATN304"
    name = "unused-value"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report weights that meet a key where a value lies about unread."""
        if path.query is None or path.key is None:
            return
        for place, weighed in _weighed(path):
            trail = Walk(path.facts).operand(weighed, "key")
            for name, own in (("key", _own(path.key, path.query)), ("query", _own(path.query, path.key))):
                shared = next((step for step in trail.steps if any(step is other for other in own)), None)
                unread = _unread(trail, own, path) if shared is not None else None
                if unread is not None and place.origin is not None:
                    yield _finding(place, weighed, name, trail, unread)
                    break


def _weighed(path: AttentionPath) -> Iterator[tuple[Value, Value]]:
    """What the weights multiply, and where."""
    if isinstance(path.anchor, Sdpa):
        yield path.anchor, path.anchor.value
    for meeting in meetings(path):
        yield meeting.product, meeting.value


def _own(operand: Operand, other: Operand) -> Sequence[Value]:
    """The steps that one operand does not share with the other."""
    return [step for step in operand.steps if not any(step is shared for shared in other.steps)]


@dataclass(frozen=True)
class _Unread:
    """A projection that ends unread: where it is made, and what it becomes in the end."""

    made: Value
    end: Value


def _unread(trail: Operand, own: Sequence[Value], path: AttentionPath) -> _Unread | None:
    """A value of the same family as what is weighed: a part of the same projection, or a layer on the same input."""
    base = next((step for step in reversed(trail.steps) if any(step is other for other in own)), None)
    for candidate in _siblings(base, path):
        named = candidate.name is not None and not candidate.name.startswith("_")
        ends = dead_ends(candidate, path.graph)
        if ends and (named or any(end is not candidate for end in ends)):
            return _Unread(candidate, ends[0])
    return None


def _siblings(base: Value | None, path: AttentionPath) -> Iterator[Value]:
    """Other parts, or other projections, of what ``base`` is a part or a projection of."""
    if not isinstance(base, (Linear, Piece, Select)) or base.origin is None:
        return
    taken = [step for operand in (path.query, path.key) if operand is not None for step in operand.steps]
    for value in path.graph.all(type(base)):
        if value.origin is None or value.origin.slice is not base.origin.slice or any(value is t for t in taken):
            continue
        if path.facts.resolve(value.x) is path.facts.resolve(base.x) and _is_another(value, base):
            yield value


def _is_another(value: Value, base: Value) -> bool:
    match value, base:
        case Linear(module=one), Linear(module=two):
            return one is not two
        case Piece(index=one), Piece(index=two):
            return one != two
        case Select(index=one, axis=first), Select(index=two, axis=second):
            return bool(literal(one) != literal(two) and literal(first) == literal(second))
    return False


def _finding(place: Value, weighed: Value, name: str, trail: Operand, unread: _Unread) -> Finding:
    at = _place(place, weighed)
    made = unread.made.origin
    return Finding(
        at,
        f"the weights multiply {weighed.text}, which is the {name}, and {unread.end.text} is computed but never read: "
        f"the output mixes {'keys' if name == 'key' else 'queries'} instead of values",
        related=((made, "the unread value is made here"),) if made is not None else (),
        mend=_mend(at, weighed, trail, unread),
    )


def _place(place: Value, weighed: Value) -> Origin:
    """The operand or argument, else the product or call."""
    assert place.origin is not None
    if isinstance(place, Sdpa):
        return argument(place.origin, 2, "value") or place.origin
    return written(place.origin, weighed) or place.origin


def _mend(at: Origin, weighed: Value, trail: Operand, unread: _Unread) -> Mend | None:
    """The value by its name, where it went through the same steps in the same function."""
    end, name = unread.end, unread.end.name
    is_local = end.origin is not None and end.origin.slice is at.slice and end.origin.frame is at.frame
    if not isinstance(at.node, cst.Name) or name is None or not name.isidentifier() or not is_local:
        return None
    steps: list[type[Value]] = []
    value = end
    while value is not unread.made:
        steps.append(type(value))
        value = next(value.operands())
    before = [type(step) for step in trail.steps[: len(steps)]]
    return Mend(f"Weigh {name}", Tier.UNSAFE, (Replacement(at, name),)) if steps == before else None
