"""Which way a triangular mask faces: what it leaves to attention, and what would mend it."""

from __future__ import annotations

from collections.abc import Iterator

from attnlint.attention.site import AttentionPath, MaskUse
from attnlint.graph.facts import Facts
from attnlint.graph.masks import MaskFact, Tokens, Triangle
from attnlint.graph.values import MultiHead, Reorder, Tri, Value

CAUSAL = Triangle(upper=False, diagonal=0)
"""What a causal mask keeps: every query sees itself and what stands before it."""


def kept_future(kept: MaskFact) -> Triangle | None:
    """The triangle on or above the diagonal that a mask keeps nothing outside of; None for a band around it."""
    triangles = [region for region in kept.outer if isinstance(region, Triangle)]
    if not all(triangle.upper for triangle in triangles):
        return None
    return next((t for t in triangles if t.diagonal is not None and t.diagonal >= 0), None)


def kept_past(kept: MaskFact) -> Triangle | None:
    """The only triangle on or below the diagonal that a mask keeps nothing outside of."""
    triangles = [region for region in kept.outer if isinstance(region, Triangle)]
    return triangles[0] if len(triangles) == 1 and not triangles[0].upper else None


def is_causal_inverted(kept: MaskFact) -> bool:
    """Whether a mask would be causal, and hide padding where it has any, read the other way round."""
    other = kept.complement()
    triangles = [region for region in other.outer if isinstance(region, Triangle)]
    tokens = [region for region in other.outer if isinstance(region, Tokens)]
    faces_past = len(triangles) == 1 and not triangles[0].upper and triangles[0].diagonal in (0, None)
    return faces_past and all(region.real for region in tokens)


def triangles_behind(value: Value, facts: Facts) -> list[Tri]:
    """Every ``triu`` and ``tril`` that a mask is made with."""
    return [part for part in _made_of(value, facts) if isinstance(part, Tri)]


def _made_of(value: Value, facts: Facts) -> Iterator[Value]:
    waiting, seen = [value], set[int]()
    while waiting and len(seen) < 200:
        part = facts.resolve(waiting.pop())
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        if facts.mask(part) is not None:
            waiting.extend(part.operands())


def is_reordered(path: AttentionPath) -> bool:
    """Whether the tokens are put in another order first (``x.flip(1)``): the past may well come after a token then."""
    anchor = path.anchor
    sides = (
        [anchor.query, anchor.key] if isinstance(anchor, MultiHead) else [o.value for o in (path.query, path.key) if o]
    )
    waiting, seen = list(sides), set[int]()
    while waiting and len(seen) < 400:
        part = path.facts.resolve(waiting.pop())
        if isinstance(part, Reorder):
            return True
        if id(part) not in seen:
            seen.add(id(part))
            waiting.extend(part.operands())
    return False


def faces_both_ways(use: MaskUse, path: AttentionPath) -> bool:
    """Whether the same code makes a triangle that this mask is not made of: attention in both directions, by halves,
    is done on purpose."""
    if use.mask is None:
        return False
    own = {tri.origin.place for tri in triangles_behind(use.mask, path.facts) if tri.origin is not None}
    others = (tri.origin.place for tri in path.graph.all(Tri) if tri.origin is not None)
    return any(place not in own for place in others)
