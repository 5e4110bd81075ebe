"""ATN207 inverted-causal-mask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from attnlint.attention import AttentionPath, AttentionSite, MaskUse
from attnlint.attention.causality import (
    CAUSAL,
    faces_both_ways,
    is_causal_inverted,
    is_reordered,
    kept_future,
    kept_past,
    triangles_behind,
)
from attnlint.attention.flipping import flipped, mask_as_written
from attnlint.attention.masking import is_square, kept, rows_are_queries
from attnlint.attention.spelling import rewritten
from attnlint.diagnostics import Tier
from attnlint.graph.masks import MaskFact
from attnlint.graph.values import Origin
from attnlint.graph.worlds import TooManyWorlds
from attnlint.rule import Cleared, Finding, Mend, Rule
from attnlint.triggers import SITE


class InvertedCausalMask(Rule):
    """A causal mask hides the past and lets every query see the future.

    **What it finds.** A triangular mask, followed from ``triu``, ``tril`` or a comparison of positions through ``~``,
    ``== 0``, ``1 -``, transposes, slices and buffers, that leaves only the triangle above the diagonal to attention.

    **Why it hurts.** Each token predicts from the tokens it is to predict: 0.875 of the mass lies on the future. In
    training the loss falls fast, because the answer can be read off; in generation there is no future to read.

    **Silent when** the mask is not square or the rows of the scores are not known to be queries, when the same code
    makes a triangle of the other direction as well (attention by halves) or puts the tokens in another order first
    (``x.flip(1)``), when a flag chooses the direction, and for bands around the diagonal. A mask
    of bools that a fused call reads the other way round is ATN208.

    **Mend.** Turn the mask round.
    """

    code = "ATN207"
    name = "inverted-causal-mask"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE

    def check_site(self, site: AttentionSite) -> Iterator[Finding | Cleared]:
        """Report masks that keep the wrong triangle, unless on another path of the site they keep the right one: who
        chooses the direction knows both."""
        found: list[Finding] = []
        for path in site.paths:
            with suppress(TooManyWorlds):
                for faces_past, findings in path.ask(_judged):
                    if faces_past:
                        yield Cleared()
                        return
                    found.extend(findings)
        yield from found


def _judged(path: AttentionPath) -> tuple[bool, list[Finding]]:
    """Whether a mask of the path is causal, and what is to be reported."""
    facing = [(use, left) for use in path.masks if use.slot == "scores" and (left := kept(use, path.facts)) is not None]
    return any(kept_past(left) for _, left in facing), [f for use, left in facing for f in _inverted(use, left, path)]


def _inverted(use: MaskUse, left: MaskFact, path: AttentionPath) -> Iterator[Finding]:
    if use.mask is None or use.at.origin is None or kept_future(left) is None:
        return
    if _is_convention(use, left, path) or not is_square(use.mask, path.facts):
        return
    if not rows_are_queries(path) or faces_both_ways(use, path) or is_reordered(path):
        return
    yield Finding(
        mask_as_written(use) or use.at.origin,
        f"{use.mask.text} hides the past and keeps the future: each query attends to the keys after it, where "
        "0.875 of the mass lies; a causal mask keeps the lower triangle (tril) and hides triu(diagonal=1)",
        related=tuple(_evidence(path, use)),
        mend=_mend(use, left),
    )


def _is_convention(use: MaskUse, left: MaskFact, path: AttentionPath) -> bool:
    """Whether a fused call merely reads a mask of bools the other way round."""
    fact = path.facts.mask(use.mask) if use.mask is not None else None
    return use.how == "argument" and fact is not None and fact.representation == "bool" and is_causal_inverted(left)


def _evidence(path: AttentionPath, use: MaskUse) -> Iterator[tuple[Origin, str]]:
    if use.mask is not None:
        for triangle in triangles_behind(use.mask, path.facts)[:1]:
            if triangle.origin is not None:
                yield triangle.origin, "the triangle is made here"
    if path.anchor.origin is not None and path.anchor is not use.at:
        yield path.anchor.origin, "softmax is taken here"


def _mend(use: MaskUse, left: MaskFact) -> Mend | None:
    at = mask_as_written(use)
    if at is None:
        return None
    if use.how == "fill" and left.complement().region == CAUSAL:
        return Mend("Turn the mask round", Tier.UNSAFE, (flipped(at),))
    if left.transposed().region == CAUSAL:
        return Mend("Turn the mask round", Tier.UNSAFE, (rewritten(at, "{0}.transpose(-2, -1)", at),))
    return None
