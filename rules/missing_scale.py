"""ATN101 missing-scale."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Literal, TypeAlias

from attnlint.attention import AttentionPath, AttentionSite
from attnlint.attention.spelling import argument, contracted_extent, rewritten, stands_alone
from attnlint.attention.trail import Walk
from attnlint.diagnostics import Severity, Tier
from attnlint.graph.module import ModuleContext
from attnlint.graph.scalars import Monomial
from attnlint.graph.values import (
    Linear,
    Normalize,
    Origin,
    Parameter,
    Product,
    Random,
    Rearrange,
    Select,
    Unflatten,
    Value,
    View,
    literal,
)
from attnlint.graph.worlds import TooManyWorlds
from attnlint.rule import Cleared, Finding, Mend, Rule
from attnlint.syntax.outline import Definition
from attnlint.triggers import SITE

State: TypeAlias = Literal["projections", "parameters", "other"]
_ROOT = r"(?:\*\*[\s(-]{0,40}(?:0?\.\d+|1\s{0,40}/)|sqrt)"
_FOLDED = re.compile(
    rf"^.{{0,400}}(?:normal_|uniform_|\bstd\b|\bgain\b|weight).{{0,400}}{_ROOT}.{{0,400}}$", re.MULTILINE
)
_OF_DEPTH = re.compile(r"layer|depth|block", re.IGNORECASE)
_SCALE_NAME = re.compile(r"scal|temp|tau|beta|norm", re.IGNORECASE)


class MissingScale(Rule):
    """No 1/√head_dim stands anywhere between the query and the softmax.

    **What it finds.** Query and key come from projections, their product goes through softmax and meets the value,
    and all factors on the way multiply to one, on every path. Also, as a warning, a free function that holds the
    whole chain on its own parameters and that no code in the module calls with scaled ones.

    **Why it hurts.** Dot products of unit-variance vectors have variance head_dim. At head_dim 64 the softmax nearly
    picks one key: its entropy falls from 1.71 to 0.33, the mean gradient factor p(1−p) from 0.095 to 0.022.

    **Silent when** anything on the way is not understood, a learned temperature or a bias takes part, the operands
    are normalised to length one, or an initialisation folds the factor in (as T5 does).

    **Mend.** Divide the product by ``head_dim ** 0.5``.
    """

    code = "ATN101"
    name = "missing-scale"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE
    references = ("Vaswani et al. (2017), Attention Is All You Need, section 3.2.1, https://arxiv.org/abs/1706.03762",)

    def check_site(self, site: AttentionSite) -> Iterator[Finding | Cleared]:
        """Report a product that no path scales."""
        judged = _judged(site)
        if judged is None:
            yield Cleared()
        if not judged or (site.kind == "hand-written" and site.output is None):
            return
        projected = [path for path, state in judged if state == "projections"]
        path = (projected or [judged[0][0]])[0]
        at = _place(path)
        if at is None or path.query is None or path.key is None:
            return
        yield Finding(
            at,
            f"the scores of {path.query.value.text} and {path.key.value.text} are never divided by √head_dim: "
            f"{_reason(path)}, and softmax puts nearly all weight on one key (at head_dim 64 its entropy falls from "
            "1.71 to 0.33)",
            related=tuple(_evidence(path)),
            mend=_mend(path.product) if path.product is not None else None,
            severity=None if projected else Severity.WARNING,
        )


def _judged(site: AttentionSite) -> list[tuple[AttentionPath, State]] | None:
    """Each outcome on each path; None where nothing is amiss on one of them."""
    judged: list[tuple[AttentionPath, State]] = []
    with suppress(TooManyWorlds):
        for path in site.paths if site.exhaustive else ():
            for state in path.ask(_state):
                if state == "other":
                    return None
                judged.append((path, state))
        return judged if site.exhaustive else None
    return None


def _reason(path: AttentionPath) -> str:
    if path.query is not None and path.query.norms:
        return "normalised to length √head_dim, the two still have products that grow with √head_dim"
    return "their variance grows with head_dim"


def _place(path: AttentionPath) -> Origin | None:
    """The product; for a fused call the ``scale`` that it is given."""
    if path.product is not None:
        return path.product.origin
    call = path.anchor.origin
    return argument(call, None, "scale") or call if call is not None else None


def _mend(product: Product) -> Mend | None:
    extent = contracted_extent(product)
    if extent is None or product.origin is None:
        return None
    text = f"{{0}} / {extent[0].format('{1}')} ** 0.5"
    fits = stands_alone(product.origin)
    replacement = rewritten(product.origin, text if fits else f"({text})", product.origin, extent[1])
    return Mend("Divide the scores by √head_dim", Tier.UNSAFE, (replacement,))


def _evidence(path: AttentionPath) -> Iterator[tuple[Origin, str]]:
    for name, operand in (("query", path.query), ("key", path.key)):
        if operand is not None and isinstance(operand.source, Linear) and operand.source.origin is not None:
            yield operand.source.origin, f"the {name} is projected here"
    if path.anchor.origin is not None:
        yield path.anchor.origin, "softmax is taken here"


def _state(path: AttentionPath) -> State:
    if path.query is None or path.key is None or path.opaque or _has_bias(path) or not _unscaled(path):
        return "other"
    if path.product is None:
        return "projections" if _relies_on_norms(path) and _is_attention(path) else "other"
    sources = [path.query.source, path.key.source]
    if all(isinstance(source, Linear) for source in sources) and path.understood:
        return "projections" if _is_attention(path) else "other"
    if all(isinstance(source, (Parameter, Random)) for source in sources) and _is_tutorial(path):
        return "parameters"
    return "other"


def _has_bias(path: AttentionPath) -> bool:
    """Something is added to the scores that is not certainly a mask: a learned bias has its own say on the scale."""
    return any(use.how == "add" and (use.mask is None or path.facts.mask(use.mask) is None) for use in path.masks)


def _unscaled(path: AttentionPath) -> bool:
    total = path.scale
    assert path.query is not None
    assert path.key is not None
    norms = (*path.query.norms, *path.key.norms)
    if total is None or not (norms or total.is_one):
        return False
    head_dim = path.head_dim
    if head_dim is not None and head_dim.is_one:
        return False
    for norm in norms:
        assert isinstance(norm, Normalize)
        if norm.kind == "other" or (norm.kind == "l2" and head_dim is None):
            return False
        if norm.kind == "l2" and head_dim is not None:
            inverse = head_dim.to(Fraction(-1, 2))
            total = total * inverse if inverse is not None else Monomial.number(0)
    return total.is_one


def _relies_on_norms(path: AttentionPath) -> bool:
    """A fused call told not to scale, because the operands are normalised: ``scale=1.0`` alone is deliberate."""
    call = path.factors[0] if path.factors else None
    operands = [o for o in (path.query, path.key) if o is not None]
    normalised = all(o.norms and o.factors and not o.opaque for o in operands)
    return call is not None and call.operand is not None and normalised and path.understood


def _is_attention(path: AttentionPath) -> bool:
    """A head split or a projection to head size on both sides, and a value that is projected as well."""
    assert path.query is not None
    assert path.key is not None
    if _is_folded_into_init(path):
        return False
    split = all(
        any(isinstance(step, (View, Rearrange, Unflatten)) for step in operand.steps) or _to_head_size(operand.source)
        for operand in (path.query, path.key)
    )
    if path.value is None or not split or any(map(_takes_a_feature, (*path.query.steps, *path.key.steps))):
        return False
    return isinstance(Walk(path.facts).operand(path.value, "key").source, Linear)


def _is_folded_into_init(path: AttentionPath) -> bool:
    """Weights that are drawn or rescaled by a root in the class, or in a function that initialises, as T5's are. A root
    of the number of layers, as GPT-2 has for its residual projections, has nothing to do with head_dim."""
    definition = path.graph.definition
    return path.graph.module.ask(_folds_into_init) or _folds(definition.parent or definition)


def _folds_into_init(module: ModuleContext) -> bool:
    """Whether a function of the module that initialises, or the method of a class, draws or rescales so."""
    names = (
        d for d in module.outline.definitions() if d.name != "__init__" and ("init" in d.name or "reset" in d.name)
    )
    return any(map(_folds, names))


def _folds(definition: Definition) -> bool:
    return any(not _OF_DEPTH.search(line) for line in _FOLDED.findall(definition.searched))


def _takes_a_feature(step: Value) -> bool:
    """``qkv.unbind(-1)``: single features are left, and what is contracted is not head_dim."""
    return isinstance(step, Select) and literal(step.axis) == -1


def _to_head_size(source: object) -> bool:
    """``Linear(n_embd, head_size)``: a projection to fewer features than it reads."""
    return isinstance(source, Linear) and source.in_features is not source.out_features


def _is_tutorial(path: AttentionPath) -> bool:
    """The free function or script of a tutorial: plain parameters in, no scale or temperature among them."""
    if path.graph.definition.parent is not None:
        return False
    return not any(_SCALE_NAME.search(parameter.label) for parameter in path.graph.all(Parameter))
