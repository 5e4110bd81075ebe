"""ATN104 double-scale."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import libcst as cst

from attnlint.attention import AttentionPath, Factor
from attnlint.attention.output import has_sibling
from attnlint.attention.spelling import with_keyword
from attnlint.attention.statements import taken_off
from attnlint.diagnostics import Tier
from attnlint.graph.scalars import Monomial
from attnlint.graph.values import Divide, Multiply, Origin, Sdpa, Softmax
from attnlint.rule import Finding, Mend, Rule
from attnlint.triggers import SITE

_ROOT = Fraction(-1, 2)


class DoubleScale(Rule):
    """The scores are divided by √head_dim twice on one path.

    **What it finds.** Two different operations on one path each contribute head_dim^-1/2: the query is scaled and
    the scores are scaled again, or a scaled query goes into a fused call that scales by itself.

    **Why it hurts.** The scores shrink by another √head_dim (8 times at head_dim 64): the weights are nearly uniform
    (entropy 2.07 of a possible 2.08), so every token gets the same average.

    **Silent when** the operands are normalised, other factors make up for one of the two, the two stand on opposite
    arms of a branch, or softmax is taken of the scores both ways, as in matching.

    **Mend.** Drop one of the two; for a fused call, ``scale=1.0``, which torch has since 2.1.
    """

    code = "ATN104"
    name = "double-scale"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report the second of two equal scales."""
        if path.query is None or path.key is None or path.query.norms or path.key.norms:
            return
        if isinstance(path.anchor, Softmax) and has_sibling(path):
            return
        pair = _equal_pair(path) or _whole(path)
        if pair is None:
            return
        first, second = pair
        if second.at.origin is None or first.at.origin is None or first.at is second.at:
            return
        own = second.operand is None
        how = "which scales by 1/√head_dim itself" if own else f"and the scores again by {_text(second)}"
        what = "the key" if first.where == "key" else "the query" if first.where == "query" else "the scores"
        yield Finding(
            second.at.origin,
            f"{what} {'is' if what != 'the scores' else 'are'} already scaled by {_text(first)}"
            f"{', and goes into a call ' + how if own else ', ' + how}: the scores are √head_dim times too small and "
            "the weights nearly uniform (entropy 2.07 of 2.08)",
            related=((first.at.origin, "scaled here for the first time"),),
            mend=_mend(first, second),
        )


def _text(factor: Factor) -> str:
    if factor.operand is None:
        return "its own scale"
    return f"{'1/' if factor.divides else ''}{factor.operand.text}"


def _is_root(monomial: Monomial) -> bool:
    """A pure inverse root: of a symbol, or of a quotient of symbols such as dim // heads."""
    return (
        bool(monomial.powers)
        and all(abs(exponent) == -_ROOT for _, exponent in monomial.powers)
        and any(exponent == _ROOT for _, exponent in monomial.powers)
    )


def _equal_pair(path: AttentionPath) -> tuple[Factor, Factor] | None:
    """Two equal inverse roots that nothing makes up for."""
    total = path.scale
    roots = [f for f in path.all_factors if f.monomial is not None and _is_root(f.monomial)]
    if total is None or len(roots) < 2:
        return None
    once = roots[0].monomial
    if once is None or not all(f.monomial is not None and f.monomial.equals(once) for f in roots):
        return None
    return (roots[0], roots[-1]) if total.equals(once * once) and _is_about_heads(path, once) else None


def _whole(path: AttentionPath) -> tuple[Factor, Factor] | None:
    """Several factors, none of them the whole, that multiply to 1/head_dim."""
    total, head_dim = path.scale, path.head_dim
    inverse = head_dim.to(Fraction(-1)) if head_dim is not None and head_dim.powers else None
    factors = [f for f in path.all_factors if f.monomial is not None and not f.monomial.is_one]
    if total is None or inverse is None or not total.equals(inverse) or len(factors) < 3:
        return None
    shrinks = all(f.monomial is not None and f.monomial.symbols <= inverse.symbols for f in factors)
    return (factors[0], factors[-1]) if shrinks else None


def _is_about_heads(path: AttentionPath, monomial: Monomial) -> bool:
    """The scale is head_dim's where head_dim is known."""
    head_dim = path.head_dim
    expected = head_dim.to(_ROOT) if head_dim is not None else None
    if expected is None or not head_dim or not head_dim.powers:
        return True
    return expected.equals(monomial) or path.kind == "hand-written"


def _mend(first: Factor, second: Factor) -> Mend | None:
    """A fused call is told not to scale; of two equal factors written out the second is dropped."""
    origin, call = second.at.origin, second.at
    if origin is None:
        return None
    if isinstance(call, Sdpa) and second.operand is None:
        edit = with_keyword(origin, "scale", "1.0")
        return Mend("Pass scale=1.0", Tier.UNSAFE, (edit,), needs_torch="2.1") if edit is not None else None
    return _dropped(first, second, origin)


def _dropped(first: Factor, second: Factor, origin: Origin) -> Mend | None:
    """Only of one scale each: code that both factors share would lose both."""
    value, node, earlier = second.at, origin.node, first.at.origin
    if first.monomial is None or second.monomial is None or not first.monomial.equals(second.monomial):
        return None
    if not isinstance(value, (Multiply, Divide)) or not isinstance(node, cst.BinaryOperation):
        return None
    if value.right is not second.operand or earlier is None or earlier.place == origin.place:
        return None
    scores = replace(origin, node=node.left)
    return Mend("Drop the second scale", Tier.UNSAFE, (taken_off(origin, scores),))
