"""ATN601 rope-on-values."""

from __future__ import annotations

from collections.abc import Iterator

from attnlint.attention import AttentionPath
from attnlint.attention.rotary import Rotation, rotation, rotation_behind
from attnlint.diagnostics import Tier
from attnlint.graph.values import Origin, Value, strip
from attnlint.rule import Finding, Rule
from attnlint.triggers import SITE


class RopeOnValues(Rule):
    """A rotary embedding is applied to the values.

    **What it finds.** A value that was turned by a rotary embedding, as query and key of the same site were, and an
    output that is not turned back.

    **Why it hurts.** Rotary embeddings work because the angles of query and key subtract in the product. Nothing
    subtracts from a value's angle: the output depends on absolute positions. Moved on by 16 tokens, the same text gets
    outputs that differ by 0.89 of their own RMS (64 tokens, d = 64).

    **Silent when** only the value is turned, when the output is turned back, or when a setting decides about the value
    apart from the others.

    **Mend.** Rotate query and key alone.
    """

    code = "ATN601"
    name = "rope-on-values"
    tiers = frozenset({Tier.MANUAL})
    triggers = SITE

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report rotated values."""
        if path.value is None or path.query is None or path.key is None:
            return
        value = rotation_behind(path.value, path.facts)
        if value is None or value.at.origin is None:
            return
        others = [rotation_behind(operand.value, path.facts) for operand in (path.query, path.key)]
        known = [other for other in others if other is not None]
        if len(known) < 2 or _is_chosen(value, known) or _is_turned_back(path):
            return
        at = path.anchor.origin
        yield Finding(
            _called_for(value.at.origin, path),
            f"{path.value.text} is a value and is rotated like query and key: no product takes its angle away again, "
            "so that the output depends on absolute positions; rotate query and key alone",
            related=((at, f"{path.value.text} is attended to here"),) if at is not None else (),
        )


def _called_for(origin: Origin, path: AttentionPath) -> Origin:
    """Where the code around the site asks for the rotation: the call, where a helper computes it."""
    around = []
    frame = path.anchor.origin.frame if path.anchor.origin is not None else None
    while frame is not None:
        around.append(frame)
        frame = frame.caller
    while origin.frame is not None and origin.frame not in around and origin.frame.call is not None:
        origin = origin.frame.call
    return origin


def _is_chosen(value: Rotation, others: list[Rotation]) -> bool:
    """Whether the value is rotated under a condition of its own."""
    shared = {id(condition) for other in others if other.at.origin is not None for condition in other.at.origin.guard}
    own = value.at.origin.guard if value.at.origin is not None else ()
    return any(id(condition) not in shared for condition in own)


def _is_turned_back(path: AttentionPath) -> bool:
    """Whether anything that is made from the output is rotated."""
    made_of: dict[int, bool] = {}
    ends = {id(path.anchor)}
    for candidate in path.graph.values:
        found = rotation(candidate, path.facts) if _depends(candidate, ends, made_of) else None
        if found is not None:
            return True
    return False


def _depends(value: Value, ends: set[int], known: dict[int, bool]) -> bool:
    held = strip(value)
    if id(held) in ends:
        return True
    if id(held) not in known:
        known[id(held)] = False
        known[id(held)] = any(_depends(operand, ends, known) for operand in held.operands())
    return known[id(held)]
