"""ATN209 mask-dtype."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from attnlint.attention import AttentionPath, MaskUse
from attnlint.attention.contexts import is_autocast
from attnlint.attention.masking import is_of_infinities
from attnlint.attention.spelling import argument, rewritten, written
from attnlint.diagnostics import Severity, Tier
from attnlint.graph.dtypes import FLOATS
from attnlint.graph.values import Add, Cast, MultiHead, Origin, Sdpa, Value
from attnlint.rule import Finding, Mend, Rule
from attnlint.torch_versions import TorchVersions
from attnlint.triggers import SITE


class MaskDtype(Rule):
    """The mask's dtype is another than the query's, and both are known.

    **What it finds.** A mask of one dtype given to attention in another: a float32 mask with a half query, a half mask
    with a float32 query, an integer or float64 mask; for hand-written attention, scores that a float32 mask promotes
    so that they no longer fit the half value.

    **Why it hurts.** What happens depends on the version: torch ≤ 2.1 raises on every mismatch; in 2.13
    ``scaled_dot_product_attention`` takes bool, float32 or the query's dtype and raises on all else, and
    ``nn.MultiheadAttention`` takes bool or exactly the query's. Under autocast float masks are cast silently.

    **Silent when** either dtype is not known from the code, and under ``torch.autocast``.

    **Mend.** Cast a mask of 0 and −inf to the query's dtype. Make others bool, or build them in the query's dtype:
    casting a mask that holds ``torch.finfo(torch.float32).min`` to half turns it into −inf.
    """

    code = "ATN209"
    name = "mask-dtype"
    severity = Severity.WARNING
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE
    references = (
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html",
    )

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report masks that do not match."""
        for use in path.masks:
            if use.mask is None or use.at.origin is None:
                continue
            query = _query(path)
            mask_dtype = path.facts.dtype(use.mask)
            query_dtype = path.facts.dtype(query) if query is not None else None
            if query is None or mask_dtype is None or mask_dtype in ("bool", query_dtype):
                continue
            if query_dtype not in FLOATS and (mask_dtype in FLOATS or not isinstance(path.anchor, Sdpa)):
                continue
            effect = _effect(path, use, mask_dtype, self.torch)
            if effect is not None and not is_autocast(use.at.origin):
                is_fused = isinstance(use.at, (Sdpa, MultiHead))
                given = written(use.at.origin, use.mask, "attn_mask") if is_fused else None
                at = given or use.at.origin
                yield Finding(
                    at,
                    f"{use.mask.text} is {mask_dtype} and {query.text} {_is(query_dtype)}: {effect}",
                    related=tuple(_evidence(use.mask, query)),
                    mend=_mend(path, use, query),
                )


def _is(dtype: str | None) -> str:
    """No query is an integer, so that an integer mask never goes with one."""
    return f"is {dtype}" if dtype is not None else "of a floating dtype"


def _query(path: AttentionPath) -> Value | None:
    if isinstance(path.anchor, MultiHead):
        return path.anchor.query
    return path.query.value if path.query is not None else None


def _effect(path: AttentionPath, use: MaskUse, mask_dtype: str, torch: TorchVersions) -> str | None:
    if isinstance(path.anchor, Sdpa):
        if mask_dtype == "float32":
            old, new = "torch ≤ 2.1 raises", "2.13 casts the mask on every call"
            return old if torch.are_before("2.2") else f"torch {new}" if torch.are_from("2.2") else f"{old}; {new}"
        return "scaled_dot_product_attention raises (it takes bool, float32 or the query's dtype)"
    if isinstance(path.anchor, MultiHead):
        return "nn.MultiheadAttention raises when it needs weights (it takes bool or exactly the query's dtype)"
    if use.how == "add" and path.kind == "hand-written" and mask_dtype in FLOATS:
        value = path.value
        value_dtype = path.facts.dtype(value) if value is not None else None
        weights_dtype = path.facts.dtype(path.weights) if path.weights is not None else None
        if value_dtype is not None and weights_dtype is not None and value_dtype != weights_dtype:
            return f"the sum is promoted to {weights_dtype}, and its product with the {value_dtype} value raises"
    return None


def _evidence(mask: Value, query: Value) -> Iterator[tuple[Origin, str]]:
    for value, what in ((mask, "the mask gets its dtype here"), (query, "the query gets its dtype here")):
        source = value
        while not isinstance(source, Cast) and next(source.operands(), None) is not None and source.origin is None:
            source = next(source.operands())
        if source.origin is not None:
            yield source.origin, what


def _mend(path: AttentionPath, use: MaskUse, query: Value) -> Mend | None:
    """A cast, of a mask of 0 and −inf alone: any other number may become −inf, or say something else, in half."""
    if use.mask is None or use.at.origin is None or not is_of_infinities(use.mask, path.facts):
        return None
    at = written(use.at.origin, use.mask, "attn_mask")
    like = written(use.at.origin, query, "query") or argument(use.at.origin, 0, "query")
    if isinstance(use.at, Add):
        other = use.at.left if use.at.right is use.mask else use.at.right
        like = written(use.at.origin, other)
    if at is None or like is None or not isinstance(like.node, (cst.Name, cst.Attribute)):
        return None
    return Mend("Cast the mask", Tier.UNSAFE, (rewritten(at, "{0}.to({1}.dtype)", _uncast(at), like),))


def _uncast(at: Origin) -> Origin:
    """``mask`` of ``mask.half()``."""
    match at.node:
        case cst.Call(
            func=cst.Attribute(value=x, attr=cst.Name(value="half" | "float" | "double" | "bfloat16")), args=[]
        ):
            return replace(at, node=x)
    return at
