"""ATN401 causal-and-mask."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from attnlint.attention import AttentionPath
from attnlint.attention.spelling import argument, rewritten, written
from attnlint.diagnostics import Severity, Tier
from attnlint.graph.facts import Facts
from attnlint.graph.values import TENSOR, Attribute, Constant, Origin, Parameter, Sdpa, Value, strip
from attnlint.graph.worlds import Undecided
from attnlint.rule import Finding, Mend, Replacement, Rule


class CausalAndMask(Rule):
    """``is_causal=True`` and an ``attn_mask`` on one ``scaled_dot_product_attention`` call.

    **What it finds.** A call whose ``is_causal`` is True on a path on which the mask is a tensor. As a warning: an
    ``is_causal`` fixed by the constructor, together with a mask that is rewritten under its own ``is not None``, with
    nothing that makes one depend on the other.

    **Why it hurts.** PyTorch's documentation calls the combination an error, and backends disagree. In 2.13 the default
    CPU kernel applies both; the MATH backend raises, and so does the default with a rank other than 4, dropout, a mask
    that requires grad, a non-contiguous last axis or a value of another head_dim.

    **Silent when** both are handed through as parameters, or the code drops one when it has the other.
    ``nn.MultiheadAttention`` requires both, and is never reported.

    **Mend.** Drop the mask where it is the plain causal one; fold the causal mask into a mask of bools and pass
    ``is_causal=False``. Masks of another kind are for you to combine.
    """

    code = "ATN401"
    name = "causal-and-mask"
    tiers = frozenset({Tier.SAFE, Tier.UNSAFE, Tier.MANUAL})
    triggers = ("scaled_dot_product_attention",)
    references = (
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html",
    )

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report a call that is given both."""
        call = path.anchor
        if not isinstance(call, Sdpa) or call.origin is None:
            return
        certain = _is_given(call.mask, path.facts)
        causal = path.facts.resolve(call.causal)
        if not certain:
            return
        if isinstance(causal, Constant) and causal.value is True:
            yield _finding(call, call.origin, path, None)
            return
        is_made = isinstance(path.facts.resolve(call.mask), TENSOR)
        if is_made and _is_fixed_by_constructor(causal, call.causal) and path.facts.truth(causal):
            yield _finding(call, call.origin, path, Severity.WARNING)


def _is_given(mask: Value, facts: Facts) -> bool:
    """Whether the mask is certainly a tensor here, without assuming it."""
    value = facts.resolve(mask)
    if isinstance(value, TENSOR):
        return True
    try:
        return isinstance(value, (Parameter, Attribute)) and not facts.world.is_none(value)
    except Undecided:
        return False


def _is_fixed_by_constructor(causal: Value, written: Value) -> bool:
    """The constructor's own flag, on every path: code that rewrites it anywhere knows what it does."""
    return isinstance(causal, Parameter) and causal.of_constructor and strip(written) is causal


def _finding(call: Sdpa, at: Origin, path: AttentionPath, severity: Severity | None) -> Finding:
    causal = call.causal
    how = "is_causal=True" if severity is None else f"is_causal={causal.text}, which the constructor may set to True,"
    return Finding(
        at,
        f"scaled_dot_product_attention is given {call.mask.text} and {how} in one call: the default CPU kernel of "
        "torch 2.13 applies both, the MATH backend raises, and so do other ranks, dropout and masks with gradients; "
        "fold the causal mask into attn_mask",
        related=tuple(_evidence(call, path)),
        mend=_mend(call, path) if severity is None else None,
        severity=severity,
    )


def _evidence(call: Sdpa, path: AttentionPath) -> Iterator[tuple[Origin, str]]:
    mask, causal = path.facts.resolve(call.mask), path.facts.resolve(call.causal)
    if mask.origin is not None:
        yield mask.origin, "the mask comes from here"
    if causal.origin is not None and not isinstance(causal, Constant):
        yield causal.origin, "is_causal is set here"


def _mend(call: Sdpa, path: AttentionPath) -> Mend | None:
    """A mask that is plain causal can go: the flag does the same. Into one of bools the causal one is folded."""
    assert call.origin is not None
    fact = path.facts.mask(call.mask)
    at = written(call.origin, call.mask, "attn_mask") or argument(call.origin, 3, "attn_mask")
    if at is None or not isinstance(at.node, (cst.Name, cst.Attribute)):
        return None
    if fact is not None and fact.is_causal:
        return Mend("Drop the mask, which is the causal one", Tier.SAFE, (Replacement(at, "None"),))
    is_bool = path.facts.dtype(call.mask) == "bool" or (fact is not None and fact.representation == "bool")
    return _folded(call.origin, at, path) if is_bool else None


def _folded(call: Origin, mask: Origin, path: AttentionPath) -> Mend | None:
    """The mask and the lower triangle, with the flag off. Needs torch and the operands by name."""
    imports = path.graph.module.outline.imports
    torch = next((name for name, imported in imports.items() if imported == "torch"), None)
    query, key, flag = (argument(call, *place) for place in ((0, "query"), (1, "key"), (5, "is_causal")))
    if torch is None or query is None or key is None or flag is None:
        return None
    named = all(isinstance(part.node, (cst.Name, cst.Attribute)) for part in (query, key))
    if not named or not isinstance(flag.node, cst.Name) or flag.node.value != "True":
        return None
    triangle = f"{torch}.ones({{1}}.size(-2), {{2}}.size(-2), dtype={torch}.bool, device={{1}}.device).tril()"
    edits = rewritten(mask, f"{{0}} & {triangle}", mask, query, key), Replacement(flag, "False")
    return Mend("Fold the causal mask into attn_mask", Tier.UNSAFE, edits)
