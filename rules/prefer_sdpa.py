"""ATN901 prefer-sdpa."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from attnlint.attention import AttentionPath, AttentionSite, Factor, MaskUse
from attnlint.attention.conventions import bool_convention
from attnlint.attention.fusable import Fusable, fusable, has_fused
from attnlint.attention.importing import spelled
from attnlint.attention.spelling import operands
from attnlint.diagnostics import Severity, Tier
from attnlint.graph.values import Origin, Product, Softmax
from attnlint.graph.worlds import TooManyWorlds
from attnlint.rule import Cleared, Finding, Mend, Replacement, Rule
from attnlint.syntax.walk import holds
from attnlint.triggers import SITE

_WITH_SCALE = "2.1"
"""The first release of torch in which the call takes ``scale=``."""
_ATOMS = (cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.Integer, cst.Float)


class PreferSdpa(Rule):
    """Attention is written by hand that one fused call computes exactly.

    **What it finds.** ``softmax(q @ k.transpose(-2, -1) * scale + mask) @ v``, in one statement or in several, where on
    every path the scale is a number, masks are ones that ``attn_mask`` takes, dropout is that of the weights, and
    nothing else reads scores or weights.

    **Why it costs.** Scores and weights are written to memory for every pair of tokens, and read again: 362 ms, and
    52 ms with ``scaled_dot_product_attention`` (2048 tokens, on a CPU). Needs torch 2.0, and 2.1 for ``scale=``.

    **Silent when** the weights are returned, stored or changed in another way than by dropout, the scores are capped or
    scaled by a learned number or by the root of another extent (ATN102, ATN103), a mask is not understood, the tensors
    do not certainly have four axes, as the kernels need, or are of several dtypes, or the same class calls fused
    attention where it can. Also where the setting ``torch-version`` has releases that lack the call or its ``scale=``.

    **Mend.** The call, where all is written in one expression without mask and dropout; unsafe, as kernels round
    differently. Else by hand: the message names the arguments.
    """

    code = "ATN901"
    name = "prefer-sdpa"
    severity = Severity.PERFORMANCE
    on_by_default = False
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = tuple(trigger for trigger in SITE if "oftmax" in trigger)
    references = (
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html",
    )

    def check_site(self, site: AttentionSite) -> Iterator[Finding | Cleared]:
        """Report sites that a fused call computes on all paths."""
        softmax, output = site.anchor, site.output
        if not isinstance(softmax, Softmax) or (site.exhaustive and not site.paths):
            return
        known = _known(site)
        if output is None or not known:
            yield Cleared()
            return
        if output.origin is None or softmax.origin is None:
            return
        needed = "2.0" if all(given.scaled_by_default for given, _ in known) else _WITH_SCALE
        if self.torch.may_be_before(needed):
            return
        path, first = site.paths[0], max((given for given, _ in known), key=lambda given: len(given.masks))
        yield Finding(
            output.origin,
            f"scaled_dot_product_attention({', '.join(_arguments(first, path))}) computes this without writing "
            f"scores and weights to memory (torch {needed} and later)",
            related=((softmax.origin, "the weights are made here"),),
            mend=_mend(first, output.origin, softmax.origin, path) if len(site.paths) == 1 == len(known) else None,
        )


def _known(site: AttentionSite) -> list[tuple[Fusable, AttentionPath]]:
    """What a fused call would be given on each path; nothing where there is none for one of them, known or not."""
    if not site.exhaustive or not site.paths or has_fused(site.paths[0]):
        return []
    if any(path.product is None or path.opaque for path in site.paths):
        return []
    try:
        found = [answer for path in site.paths for answer in path.ask(_on_path)]
    except TooManyWorlds:
        return []
    known = [answer for answer in found if answer is not None and not _is_doubtful(*answer)]
    return known if len(known) == len(found) else []


def _on_path(path: AttentionPath) -> tuple[Fusable, AttentionPath] | None:
    found = fusable(path)
    return None if found is None else (found, path)


def _is_doubtful(given: Fusable, path: AttentionPath) -> bool:
    """Whether the scale is made of extents, and is not the call's own: perhaps a mistake, which the call would hide."""
    if given.scaled_by_default:
        return False
    own = path.head_dim.symbols if path.head_dim is not None else frozenset()
    known = (factor.monomial for factor in given.factors if factor.monomial is not None)
    return any(symbol.is_extent or symbol in own for monomial in known for symbol in monomial.symbols)


def _arguments(given: Fusable, path: AttentionPath) -> Iterator[str]:
    """The arguments of the call, in words."""
    places, values = _tensors(given, path.product), (given.query, given.key, given.value)
    yield from (value.text if at is None else at.code for at, value in zip(places, values, strict=True))
    for use in given.masks[:1]:
        is_turned = use.how == "fill" and bool_convention(use, path.facts) == "drops"
        yield f"attn_mask={_mask(use, is_turned)}{' and the others' if len(given.masks) > 1 else ''}"
    if given.dropout is not None:
        yield "dropout_p=… in training"
    if not given.factors:
        yield "scale=1.0"
    elif not given.scaled_by_default:
        yield f"scale={_scale(given.factors[0]) or '…'}" if len(given.factors) == 1 else "scale=…"


def _mask(use: MaskUse, is_turned: bool) -> str:
    if use.mask is None:
        return "…"
    origin = use.mask.origin
    if is_turned and origin is not None and isinstance(origin.node, cst.UnaryOperation) and use.mask.name is None:
        return origin.code.removeprefix("~")
    is_atom = use.mask.name is not None or origin is None or isinstance(origin.node, _ATOMS)
    return use.mask.text if not is_turned else f"~{use.mask.text}" if is_atom else f"~({use.mask.text})"


def _tensors(given: Fusable, product: Product | None) -> tuple[Origin | None, Origin | None, Origin | None]:
    """Query, key and value as they are written in the two products."""
    scores = operands(product) if product is not None else None
    output = operands(given.output)
    query, key = scores if scores is not None else (None, None)
    if product is not None and product.equation is None:
        key = _receiver(key)
    return query, key, output[1] if output is not None else None


def _scale(factor: Factor) -> str | None:
    """A factor as ``scale=`` takes it, as it is written."""
    operand = factor.operand
    node = _written(factor)
    if operand is None or node is None or factor.at.origin is None:
        return None
    text = factor.at.origin.slice.code(node)
    if "\n" in text:
        return None
    return text if not factor.divides else f"1 / {text}" if isinstance(node, _ATOMS) else f"1 / ({text})"


def _written(factor: Factor) -> cst.BaseExpression | None:
    """The side of a product or quotient that is the number."""
    node = factor.at.origin.node if factor.at.origin is not None else None
    if not isinstance(node, cst.BinaryOperation) or factor.operand is None:
        return None
    if factor.divides:
        return node.right
    read = factor.operand.origin.node if factor.operand.origin is not None else None
    return next((side for side in (node.left, node.right) if side is read), None)


def _mend(given: Fusable, output: Origin, softmax: Origin, path: AttentionPath) -> Mend | None:
    """The call in place of one expression that holds all: its parts are copied as they are written."""
    name = spelled("torch.nn.functional.scaled_dot_product_attention", path.graph)
    product = path.product.origin if path.product is not None else None
    if name is None or product is None or given.masks or given.dropout is not None or len(given.factors) > 1:
        return None
    if not holds(output.node, softmax.node) or not holds(softmax.node, product.node):
        return None
    query, key, value = _tensors(given, path.product)
    weights = operands(given.output)
    if query is None or key is None or value is None or weights is None or not holds(weights[0].node, softmax.node):
        return None
    scale = "" if given.scaled_by_default else ", scale=1.0"
    if given.factors and not given.scaled_by_default:
        written = _scale(given.factors[0])
        if written is None:
            return None
        scale = f", scale={written}".replace("{", "{{").replace("}", "}}")
    edit = Replacement(output, f"{name.text}({{0}}, {{1}}, {{2}}{scale})", (query, key, value))
    return Mend("Call scaled_dot_product_attention", Tier.UNSAFE, (edit, *name.imports))


def _receiver(transposed: Origin | None) -> Origin | None:
    """``k`` of ``k.transpose(-2, -1)`` and ``k.mT``."""
    match transposed.node if transposed is not None else None:
        case cst.Call(func=cst.Attribute(value=x, attr=cst.Name(value="transpose" | "swapaxes" | "swapdims"))):
            found: cst.BaseExpression = x
        case cst.Attribute(value=x, attr=cst.Name(value="mT")):
            found = x
        case _:
            return None
    assert transposed is not None
    return replace(transposed, node=found)
