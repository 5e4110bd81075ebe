"""ATN201 mask-fill-value."""

from __future__ import annotations

import math
from collections.abc import Iterator

from attnlint.attention import AttentionPath, MaskUse
from attnlint.attention.masking import hides_elsewhere, is_renormalised, scores_are_raw
from attnlint.attention.spelling import filler
from attnlint.diagnostics import Tier
from attnlint.graph.facts import Facts
from attnlint.graph.masks import number
from attnlint.graph.ops import FUNCTIONS
from attnlint.graph.values import External, MaskedFill, Negate, Value, Where
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.triggers import SITE

_TINY = 1e-3
_BIG = 1e3


class MaskFillValue(Rule):
    """Masked scores are filled with a number that softmax does not turn into zero weight.

    **What it finds.** ``masked_fill`` or an item assignment on raw scores with 0, a tiny number (1e-9, −1e-9), a
    large positive one, +inf, or something that is no number (``-np.abs``), whose result reaches a softmax.

    **Why it hurts.** exp(0) is 1: a position filled with 0 or ±1e-9 is not hidden but gets the weight of an average
    score. In a causal model 0.40 of the mass lies on the future; with +1e9 it is 0.875, with +inf everything is NaN.

    **Silent when** the filled tensor is not known to be raw scores, the same scores are hidden with −inf later, or the
    weights are masked and renormalised after the softmax.

    **Mend.** ``float("-inf")``, or ``torch.finfo(scores.dtype).min`` where whole rows can be masked.
    """

    code = "ATN201"
    name = "mask-fill-value"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report fills that leave weight on what they should hide."""
        if not scores_are_raw(path):
            return
        for index, use in enumerate(path.masks):
            if use.how != "fill" or use.fill is None or not _is_filled(use, path.facts) or use.at.origin is None:
                continue
            what = _effect(use, path.facts)
            if what is None or hides_elsewhere(path, index) or is_renormalised(path):
                continue
            scores = use.at.x if isinstance(use.at, MaskedFill) else path.product or use.at
            yield Finding(
                use.at.origin,
                f"{scores.text} is filled with {_spelled(use.fill, path.facts)} before softmax, {what}; "
                "fill with " + _right(use).replace('"', "'"),
                related=((path.anchor.origin, "softmax is taken here"),) if path.anchor.origin is not None else (),
                mend=_mend(use),
            )


def _is_filled(use: MaskUse, facts: Facts) -> bool:
    """``where`` with 0 zeroes the scores, which is another rule's business."""
    assert use.fill is not None
    return isinstance(use.at, MaskedFill) or number(use.fill, facts) != 0


def _spelled(fill: Value, facts: Facts) -> str:
    known = number(fill, facts)
    return fill.text if known is None else f"{known:g}"


def _effect(use: MaskUse, facts: Facts) -> str | None:
    assert use.fill is not None
    value = number(use.fill, facts)
    if value is None:
        if _is_function(use.fill, facts):
            return "which is a function, not a number: this raises TypeError"
        return None
    if abs(value) <= _TINY:
        return "and exp(0) is 1: masked positions keep the weight of an average score (0.40 of the mass on the future)"
    if use.negated:
        value = -value
    if value == math.inf:
        return "which makes every weight of the row NaN"
    if value >= _BIG:
        return "which gives masked positions all the weight (0.875 of the mass on the future)"
    return None


def _is_function(fill: Value, facts: Facts) -> bool:
    value = facts.resolve(fill)
    if isinstance(value, Negate):
        value = facts.resolve(value.x)
    return isinstance(value, External) and value.path in FUNCTIONS


def _mend(use: MaskUse) -> Mend | None:
    assert use.at.origin is not None
    assert use.fill is not None
    arm = (use.at.otherwise if use.inverted else use.at.then) if isinstance(use.at, Where) else None
    at, right = filler(use.at.origin, use.fill, arm), _right(use)
    return None if at is None else Mend(f"Fill with {right}", Tier.UNSAFE, (Replacement(at, right),))


def _right(use: MaskUse) -> str:
    """What hides a position: −inf, unless the filled tensor is negated before softmax."""
    return 'float("inf")' if use.negated else 'float("-inf")'
