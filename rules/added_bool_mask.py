"""ATN214 added-bool-mask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from attnlint.attention import AttentionPath, MaskUse
from attnlint.attention.masking import denies_bool, hides_elsewhere, is_renormalised, scores_are_raw
from attnlint.attention.spelling import rewritten
from attnlint.attention.transparent import LAYOUT, PARTS
from attnlint.diagnostics import Tier
from attnlint.graph.facts import Facts
from attnlint.graph.masks import MaskFact, Region, Tokens, Triangle
from attnlint.graph.values import Add, Cast, Value
from attnlint.rule import Finding, Mend, Rule
from attnlint.triggers import SITE

_KEPT: tuple[Region, ...] = (Triangle(upper=False, diagonal=0), Tokens(real=True))
_HIDDEN: tuple[Region, ...] = (Triangle(upper=True, diagonal=1), Tokens(real=False))


class AddedBoolMask(Rule):
    """A mask of bools, or of zeros and ones, is added to the scores.

    **What it finds.** ``scores + mask`` where the mask is True or 1 on a triangle, on real tokens or on padding, or was
    made bool by ``.bool()``, and was not turned into zeros and −inf.

    **Why it hurts.** One more or less in a score changes a weight by a factor of e at most: what should be hidden stays
    visible (leak 4.7).

    **Silent when** it is not known that the term is such a mask (an indicator of pairs may be a bias), when another
    mask on the way hides with −inf, or when the weights are masked after the softmax.

    **Mend.** ``scores.masked_fill(mask == 0, float("-inf"))`` for what says which keys to keep.
    """

    code = "ATN214"
    name = "added-bool-mask"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report masks that are added as they are."""
        for index, use in enumerate(path.masks):
            fact = path.facts.mask(use.mask) if use.how == "add" and use.mask is not None else None
            if fact is None or fact.representation == "additive" or fact.everywhere or use.at.origin is None:
                continue
            assert use.mask is not None
            if not isinstance(use.at, Add) or not (fact.has_region or _was_made_bool(use.mask, path.facts)):
                continue
            if denies_bool(path) or not scores_are_raw(path) or hides_elsewhere(path, index) or is_renormalised(path):
                continue
            numbers = "True and False" if fact.representation == "bool" else "0 and 1"
            origin = use.mask.origin
            yield Finding(
                use.at.origin,
                f"{use.mask.text} is {numbers}, and is added to the scores: what it should hide keeps its weight but "
                "for a factor of e; fill with float('-inf') where it says so",
                related=((origin, "the mask is made here"),) if origin is not None else (),
                mend=_mend(use, fact),
            )


def _was_made_bool(mask: Value, facts: Facts) -> bool:
    """Whether ``.bool()`` was called on the way."""
    value = facts.resolve(mask)
    while isinstance(value, (*LAYOUT, *PARTS)):
        if isinstance(value, Cast) and facts.dtype(value) == "bool":
            return True
        value = facts.resolve(next(value.operands()))
    return False


def _mend(use: MaskUse, fact: MaskFact) -> Mend | None:
    origin = use.at.origin
    if origin is None or not isinstance(origin.node, cst.BinaryOperation) or not isinstance(use.at, Add):
        return None
    keeps, hides = ([part for part in fact.outer if part in parts] for parts in (_KEPT, _HIDDEN))
    if bool(keeps) == bool(hides) or fact.outer != fact.inner:
        return None
    sides = [replace(origin, node=side) for side in (origin.node.left, origin.node.right)]
    mask, scores = sides if use.at.left is use.mask else reversed(sides)
    text = f'{{0}}.masked_fill({{1}} == {0 if keeps else 1}, float("-inf"))'
    return Mend("Fill with −inf", Tier.UNSAFE, (rewritten(origin, text, scores, mask),))
