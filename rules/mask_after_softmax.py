"""ATN205 mask-after-softmax."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from attnlint.attention import AttentionPath
from attnlint.attention.masking import adds_nothing_hidden, is_of_keys, scores_are_raw
from attnlint.attention.moving import moved_before
from attnlint.attention.output import is_summed_up, meetings
from attnlint.attention.spelling import written
from attnlint.diagnostics import Tier
from attnlint.graph.masks import VERY_NEGATIVE, number
from attnlint.graph.values import MaskedFill, Multiply, Origin, Softmax, Tri, Value, Where
from attnlint.rule import Finding, Mend, Rule
from attnlint.triggers import SITE


class MaskAfterSoftmax(Rule):
    """The weights are masked instead of the scores, and not normalised again.

    **What it finds.** Between softmax and the product with the values, positions are hidden: ``weights * mask``,
    ``weights.masked_fill(mask, 0)``, ``tril(weights)``, ``where(keep, weights, 0)``, or a fill with −inf.

    **Why it hurts.** The hidden scores still are in the softmax's denominator. The rows no longer add up to 1, and what
    is left of them depends on what was hidden: in a causal model the future leaks (1.05 in the outputs). With −inf,
    the outputs are infinite or NaN.

    **Silent when** the scores were masked as well (the zeros then scrub rows of NaN), the weights are divided by their
    sums, the mask is not known to hide keys (a head mask, a gate, a dropout mask, a parameter), or hides whole queries.

    **Mend.** −inf into the scores, before softmax.
    """

    code = "ATN205"
    name = "mask-after-softmax"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report masks on weights whose scores saw none."""
        if not isinstance(path.anchor, Softmax) or not scores_are_raw(path):
            return
        for meeting in meetings(path):
            for step in meeting.steps:
                use = _masking(step, path)
                if use is None or step.origin is None:
                    continue
                if not use.is_infinite and (not adds_nothing_hidden(path) or is_summed_up(path)):
                    continue
                yield _finding(step.origin, use, path.anchor)


@dataclass(frozen=True)
class _Masking:
    """What a step hides: the weights, the mask (None for a triangle), and how the same is written for scores."""

    weights: Value
    mask: Value | None
    spelled: str
    is_infinite: bool = False


def _masking(step: Value, path: AttentionPath) -> _Masking | None:
    facts = path.facts
    match step:
        case MaskedFill(x=x, mask=mask, fill=fill):
            value = number(fill, facts)
            if value is None or (value != 0 and value > VERY_NEGATIVE):
                return None
            infinite = value <= VERY_NEGATIVE
            if not infinite and not is_of_keys(mask, path):
                return None
            return _Masking(x, mask, '{0}.masked_fill({1}, float("-inf"))', infinite)
        case Multiply(left=left, right=right):
            for weights, mask in ((left, right), (right, left)):
                fact = facts.mask(mask)
                if (fact is None or fact.representation != "additive") and is_of_keys(mask, path):
                    return _Masking(weights, mask, '{0}.masked_fill({1} == 0, float("-inf"))')
        case Where(condition=condition, then=then, otherwise=otherwise):
            if number(otherwise, facts) == 0 and is_of_keys(condition, path):
                return _Masking(then, condition, '{0}.masked_fill({1} == 0, float("-inf"))')
        case Tri(x=x):
            return _Masking(x, None, "")
    return None


def _finding(at: Origin, use: _Masking, softmax: Softmax) -> Finding:
    name = "a triangle" if use.mask is None else use.mask.text
    if use.is_infinite:
        effect = "fills the weights with −inf after softmax: their product with the values is infinite or NaN"
    else:
        effect = (
            f"hides positions of {use.weights.text} after softmax: the hidden scores stay in the denominator, the rows "
            "no longer add up to 1, and what is hidden leaks through (1.05 in the outputs)"
        )
    return Finding(
        at,
        f"{name} {effect}; mask the scores instead",
        related=((softmax.origin, "softmax is taken here"),) if softmax.origin is not None else (),
        mend=_mend(at, use, softmax),
    )


def _mend(at: Origin, use: _Masking, softmax: Softmax) -> Mend | None:
    """The mask is taken off the weights and put onto the scores, where it is at hand there."""
    weights = written(at, use.weights)
    mask = written(at, use.mask) if use.mask is not None else None
    if weights is None or mask is None or use.mask is None:
        return None
    replacements = moved_before(at, weights, softmax, use.spelled, mask, use.mask)
    return Mend("Mask the scores with −inf", Tier.UNSAFE, replacements) if replacements else None
