"""ATN202 zeroed-scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from attnlint.attention import AttentionPath, MaskUse
from attnlint.attention.masking import hides_elsewhere, is_renormalised, scores_are_raw
from attnlint.attention.spelling import filler, rewritten
from attnlint.diagnostics import Tier
from attnlint.graph.masks import number
from attnlint.graph.values import Multiply, Origin, Tri, Where
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.triggers import SITE


class ZeroedScores(Rule):
    """Scores are zeroed where they should be hidden: ``scores * mask``, ``where(keep, scores, 0)``, ``tril(scores)``.

    **What it finds.** Raw scores multiplied by a mask of zeros and ones, selected against 0, or cut to a triangle,
    whose result reaches a softmax.

    **Why it hurts.** exp(0) is 1, so a zeroed score still gets the weight of an average one: in a causal model 0.40 of
    the mass lies on the future.

    **Silent when** the multiplier is not known to be a mask, something else hides the same positions with −inf
    (``s * m + (1 - m) * -1e4``), or the weights are masked and renormalised after the softmax.

    **Mend.** ``scores.masked_fill(mask == 0, float("-inf"))``.
    """

    code = "ATN202"
    name = "zeroed-scores"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report steps that zero scores."""
        if not scores_are_raw(path):
            return
        for index, use in enumerate(path.masks):
            how = _how(use, path)
            if how is None or use.at.origin is None or hides_elsewhere(path, index) or is_renormalised(path):
                continue
            yield Finding(
                use.at.origin,
                f"{how} sets hidden scores to 0 before softmax, and exp(0) is 1: they keep the weight of an average "
                "score (0.40 of the mass on the future); fill with float('-inf') instead",
                related=tuple(_evidence(path, use)),
                mend=_mend(use),
            )


def _how(use: MaskUse, path: AttentionPath) -> str | None:
    match use.at:
        case Multiply():
            fact = path.facts.mask(use.mask) if use.how == "multiply" and use.mask is not None else None
            if fact is None or fact.representation == "additive" or fact.everywhere:
                return None
            return f"multiplying by {use.mask.text}" if use.mask is not None else None
        case Where() if use.fill is not None and number(use.fill, path.facts) == 0:
            return f"`where` with 0 in place of {_scores(path)}"
        case Tri(upper=upper):
            return f"`{'triu' if upper else 'tril'}` of {_scores(path)}"
    return None


def _scores(path: AttentionPath) -> str:
    return path.product.text if path.product is not None else "the scores"


def _evidence(path: AttentionPath, use: MaskUse) -> Iterator[tuple[Origin, str]]:
    if use.mask is not None and use.mask.origin is not None:
        yield use.mask.origin, "the mask comes from here"
    if path.anchor.origin is not None:
        yield path.anchor.origin, "softmax is taken here"


def _mend(use: MaskUse) -> Mend | None:
    origin = use.at.origin
    if isinstance(use.at, Where) and origin is not None and use.fill is not None:
        at = filler(origin, use.fill, use.at.otherwise if use.inverted else use.at.then)
        return None if at is None else Mend("Select −inf", Tier.UNSAFE, (Replacement(at, 'float("-inf")'),))
    if isinstance(use.at, Multiply) and origin is not None and isinstance(origin.node, cst.BinaryOperation):
        sides = [replace(origin, node=side) for side in (origin.node.left, origin.node.right)]
        mask, scores = sides if use.at.left is use.mask else reversed(sides)
        text = '{0}.masked_fill({1} == 0, float("-inf"))'
        return Mend("Fill with −inf", Tier.UNSAFE, (rewritten(origin, text, scores, mask),))
    return None
