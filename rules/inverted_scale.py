"""ATN103 inverted-scale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

import libcst as cst

from attnlint.attention import AttentionPath, Factor
from attnlint.attention.spelling import definition_of, operator_changed, rewritten, stands_alone
from attnlint.diagnostics import Tier
from attnlint.graph.scalars import Monomial
from attnlint.graph.values import Attribute, Divide, Instance, Linear, Multiply, Normalize, Origin, strip
from attnlint.rule import Finding, Mend, Rule
from attnlint.triggers import SITE

_HALF = Fraction(1, 2)


class InvertedScale(Rule):
    """The scores are multiplied by √head_dim instead of divided by it.

    **What it finds.** All factors between the projections and softmax multiply to a positive power of head_dim:
    ``scores * head_dim ** 0.5``, or a division by ``self.scale`` where ``self.scale`` is ``head_dim ** -0.5``.

    **Why it hurts.** The scores are head_dim times too large (64 times at head_dim 64): the softmax is one-hot, its
    entropy 0.03, and almost no gradient flows.

    **Silent when** a factor on the way is not understood, or normalised operands make up for it (cosine attention).

    **Mend.** Swap the operator, or the sign of the exponent.
    """

    code = "ATN103"
    name = "inverted-scale"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report the factor that inverts the scale."""
        total = path.scale
        if total is None or path.query is None or path.key is None or (not path.understood and path.head_dim is None):
            return
        if path.query.is_rescaled or path.key.is_rescaled:
            return
        if path.query.is_sometimes_opaque or path.key.is_sometimes_opaque or not _is_inverted(total, path):
            return
        roots = [path.head_dim.to(part) for part in (_HALF, _HALF / 2)] if path.head_dim is not None else []
        factor = next((f for f in path.all_factors if f.monomial is not None and _inverts(f.monomial, roots)), None)
        if factor is None or factor.operand is None or factor.at.origin is None:
            return
        verb = "divided" if factor.divides else "multiplied"
        defined = _definition(factor, path)
        yield Finding(
            defined or factor.at.origin,
            f"the scores are {verb} by {factor.operand.text}, which makes them {total} times as large instead of "
            f"dividing them by √head_dim: softmax becomes one-hot (entropy 0.03 at head_dim 64) and stops learning",
            related=tuple(_evidence(path, factor, defined)),
            mend=_mend(factor) if defined is None else _flipped(defined),
        )


def _definition(factor: Factor, path: AttentionPath) -> Origin | None:
    """Where the scale is defined, if that is what to change: an attribute that is read here alone. Else the operator
    is, which no other reader depends on."""
    read = factor.operand
    owner = strip(read.base) if isinstance(read, Attribute) else None
    if not isinstance(read, Attribute):
        return None
    if isinstance(owner, Instance) and path.graph.module.reads(owner.outline, read.member) > 1:
        return None
    return definition_of(read, path.facts)


def _grows(monomial: Monomial) -> bool:
    return bool(monomial.powers) and all(exponent > 0 for _, exponent in monomial.powers)


def _inverts(monomial: Monomial, roots: Sequence[Monomial | None]) -> bool:
    """Whether a factor alone makes the scores larger: the root of head_dim, or its half on query and key each."""
    return _grows(monomial) or any(root is not None and monomial.equals(root) for root in roots)


def _is_inverted(total: Monomial, path: AttentionPath) -> bool:
    head_dim = path.head_dim
    assert path.query is not None
    assert path.key is not None
    norms = [*path.query.norms, *path.key.norms]
    if head_dim is not None and head_dim.powers:
        for norm in norms:
            inverse = head_dim.to(-_HALF)
            if isinstance(norm, Normalize) and norm.kind == "l2" and inverse is not None:
                total = total * inverse
        root = head_dim.to(_HALF)
        rest = total / root if root is not None else None
        if rest is not None and (rest.is_one or (_grows(rest) and rest.symbols <= head_dim.symbols)):
            return not any(isinstance(n, Normalize) and n.kind == "other" for n in norms)
        if not any(symbol.is_extent for symbol in head_dim.symbols):
            return False
    projected = isinstance(path.query.source, Linear) and isinstance(path.key.source, Linear)
    exponents = {exponent for _, exponent in total.powers}
    return path.understood and projected and not norms and total.coefficient == 1 and exponents == {_HALF}


def _evidence(path: AttentionPath, factor: Factor, defined: Origin | None) -> Iterator[tuple[Origin, str]]:
    if defined is not None and factor.at.origin is not None:
        yield factor.at.origin, "the scores are scaled here"
    if path.product is None and factor.operand is not None and factor.operand.origin is not None:
        yield factor.operand.origin, "the scale is given here"
    if path.product is not None and path.product.origin is not None:
        yield path.product.origin, "the scores are computed here"


def _flipped(defined: Origin) -> Mend:
    """The other sign for the exponent of ``x ** 0.5``; the divisor of ``1 / x``; else the inverse."""
    node = defined.node
    text = "1 / {0}" if stands_alone(defined) else "(1 / {0})"
    parts: tuple[Origin, ...] = (defined,)
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Power):
        base, exponent = replace(defined, node=node.left), replace(defined, node=node.right)
        text, parts = "{0} ** -{1}", (base, exponent)
        if isinstance(node.right, cst.UnaryOperation) and isinstance(node.right.operator, cst.Minus):
            text, parts = "{0} ** {1}", (base, replace(defined, node=node.right.expression))
    elif isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Divide) and _is_one(node.left):
        text, parts = "{0}", (replace(defined, node=node.right),)
    return Mend("Invert the scale", Tier.UNSAFE, (rewritten(defined, text, *parts),))


def _is_one(node: cst.BaseExpression) -> bool:
    return isinstance(node, (cst.Integer, cst.Float)) and float(node.value) == 1


def _mend(factor: Factor) -> Mend | None:
    """Swap the operator where it is written as one; a scale that stands first changes sides as well."""
    origin, value = factor.at.origin, factor.at
    if origin is None or not isinstance(value, (Multiply, Divide)) or not isinstance(origin.node, cst.BinaryOperation):
        return None
    left, right = (replace(origin, node=side) for side in (origin.node.left, origin.node.right))
    replacement = operator_changed(origin, "*" if factor.divides else "/")
    if isinstance(value, Multiply) and value.left is factor.operand:
        replacement = rewritten(origin, "{0} / {1}", right, left)
    title = "Multiply by the scale" if factor.divides else "Divide by the root of head_dim"
    return Mend(title, Tier.UNSAFE, (replacement,)) if replacement is not None else None
