"""ATN102 wrong-scale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import libcst as cst

from attnlint.attention import AttentionPath, Factor
from attnlint.attention.spelling import contracted_extent, definition_of, operator_changed, rewritten, stands_alone
from attnlint.diagnostics import Tier
from attnlint.graph.scalars import Monomial
from attnlint.graph.values import FloorDivide, Linear, Origin, Rearrange, Unflatten, View
from attnlint.rule import Finding, Mend, Rule
from attnlint.syntax.walk import holds
from attnlint.triggers import SITE


class WrongScale(Rule):
    """The scores are scaled by the square root of another quantity than head_dim.

    **What it finds.** The only factor on the scores is x^-1/2, and x is seen to be the model dimension although the
    heads were split, the sequence length, or the number of heads. Also ``//`` where ``/`` was meant.

    **Why it hurts.** With 8 heads, 1/√dim is 2.8 times too small: the softmax is flatter than it should be (entropy
    1.97 instead of 1.71 at head_dim 64). ``//`` rounds every score down to an integer.

    **Silent when** the factor is head_dim^-1 (muP), a numeric multiple of head_dim, or not the only factor.

    **Mend.** Take the root of the extent that query and key are contracted over.
    """

    code = "ATN102"
    name = "wrong-scale"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report a factor that is the root of something else."""
        if path.product is None and path.kind == "hand-written":
            return
        yield from _floored(path)
        factor, base, head_dim = _only_root(path)
        if factor is None or base is None or head_dim is None or factor.at.origin is None:
            return
        what = _other_quantity(base, head_dim, path)
        if what is None or factor.operand is None:
            return
        at = definition_of(factor.operand, path.facts) or factor.at.origin
        yield Finding(
            at,
            f"the scores are scaled by ({base})^(-1/2), but {base} is {what}: {_query(path)} has {head_dim} features "
            f"in each head, so the softmax is {_effect(base, head_dim)}",
            related=tuple(_evidence(path, factor, at)),
            mend=_mend(path, factor, at),
        )


def _effect(base: Monomial, head_dim: Monomial) -> str:
    """A wider dimension flattens the softmax; what else may be taken changes from input to input."""
    if any(symbol.is_extent for symbol in base.symbols - head_dim.symbols):
        return f"sharper or flatter than it should be, as {base} is"
    return "not as sharp as scaled dot-product attention makes it"


def _query(path: AttentionPath) -> str:
    return path.query.value.text if path.query is not None else "the query"


def _floored(path: AttentionPath) -> Iterator[Finding]:
    for factor in path.factors:
        if isinstance(factor.at, FloorDivide) and factor.at.origin is not None and factor.operand is not None:
            replacement = operator_changed(factor.at.origin, "/")
            yield Finding(
                factor.at.origin,
                "`//` rounds the scores down to whole numbers before softmax; "
                f"divide by {factor.operand.text} with `/`",
                related=tuple(_made(path)),
                mend=Mend("Divide with `/`", Tier.UNSAFE, (replacement,)) if replacement is not None else None,
            )


def _only_root(path: AttentionPath) -> tuple[Factor | None, Monomial | None, Monomial | None]:
    """The one factor that is not one, what it is the inverse root of, and head_dim."""
    nothing = (None, None, None)
    if path.query is None or path.key is None or path.query.norms or path.key.norms:
        return nothing
    if any(factor.monomial is None for factor in path.all_factors):
        return nothing
    factors = [f for f in path.all_factors if f.monomial is not None and not f.monomial.is_one]
    total = factors[0].monomial if factors else None
    if total is None or not _are_one(factors):
        return nothing
    total = total * total if len(factors) == 2 else total
    base = total.to(Fraction(-2))
    if base is None or any(exponent.denominator != 1 for _, exponent in base.powers):
        return nothing
    if any(exponent.denominator != 2 for _, exponent in total.powers):
        return nothing
    return factors[0], base, path.head_dim


def _are_one(factors: Sequence[Factor]) -> bool:
    """One factor, or the same on query and key."""
    first = factors[0].monomial
    if len(factors) != 2 or first is None or factors[1].monomial is None:
        return len(factors) == 1
    return {factor.where for factor in factors} == {"query", "key"} and first.equals(factors[1].monomial)


def _other_quantity(base: Monomial, head_dim: Monomial, path: AttentionPath) -> str | None:
    """What the base is seen to be, if it is not head_dim or a numeric multiple of it."""
    if any(symbol.is_extent for symbol in head_dim.symbols):
        return None
    ratio = base / head_dim
    if ratio is None or ratio.is_number:
        return None
    assert path.query is not None
    assert path.key is not None
    shape = path.facts.shape(path.query.value)
    others = [e for e in (shape.axes[:-1] if shape is not None and _head_dim_is_last(path) else ()) if e is not None]
    if any(ratio.equals(extent) for extent in others if not extent.is_one):
        return "the dimension before the heads are split"
    if any(base.equals(extent) for extent in others if extent.powers and not extent.equals(head_dim)):
        return f"the extent of another axis of {path.query.value.text}"
    keys = path.facts.shape(path.key.value) if path.product is not None and path.product.equation is None else None
    if keys is not None and keys.axes and any(base.equals(e) for e in keys.axes[-1:] if e is not None and e.powers):
        return f"the extent of another axis of {path.key.value.text}"
    for operand in (path.query, path.key):
        source = operand.source
        if isinstance(source, Linear) and not operand.opaque:
            for features in (source.in_features, source.out_features):
                known = path.facts.scalar(features)
                if known is not None and known.equals(base) and not base.is_number:
                    return "the model dimension"
    return None


def _mend(path: AttentionPath, factor: Factor, at: Origin) -> Mend | None:
    """Another root, where the factor is written in one expression with the product of query and key."""
    site, product = factor.at.origin, path.product
    extent = contracted_extent(product) if product is not None else None
    if site is None or product is None or product.origin is None or extent is None or at is site:
        return None
    if not holds(site.node, at.node) or not holds(site.node, product.origin.node):
        return None
    root = "-0.5" if factor.operand is not None and not factor.divides else "0.5"
    text = f"{extent[0].format('{0}')} ** {root}"
    fits = isinstance(at.node, cst.BinaryOperation) or stands_alone(at)
    replacement = rewritten(at, text if fits else f"({text})", extent[1])
    return Mend("Take the root of head_dim", Tier.UNSAFE, (replacement,))


def _head_dim_is_last(path: AttentionPath) -> bool:
    return (
        path.product is None
        or path.product.equation is None
        or path.product.equation[0][-1] in path.product.equation[1]
    )


def _evidence(path: AttentionPath, factor: Factor, at: Origin) -> Iterator[tuple[Origin, str]]:
    if factor.at.origin is not None and factor.at.origin is not at:
        yield factor.at.origin, "the scores are scaled here"
    yield from _made(path)


def _made(path: AttentionPath) -> Iterator[tuple[Origin, str]]:
    for step in path.query.steps if path.query is not None else ():
        if step.origin is not None and isinstance(step, (View, Rearrange, Unflatten, Linear)):
            yield step.origin, "the last axis of the query is made here"
            return
