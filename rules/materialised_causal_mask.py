"""ATN902 materialised-causal-mask."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from attnlint.attention import AttentionPath, AttentionSite
from attnlint.attention.masking import is_of_infinities
from attnlint.attention.spelling import argument, with_keyword, written
from attnlint.attention.statements import left_unread
from attnlint.diagnostics import Severity, Tier
from attnlint.graph.values import Origin, Sdpa, literal
from attnlint.graph.worlds import TooManyWorlds
from attnlint.rule import Cleared, Finding, Mend, Replacement, Rule


class MaterialisedCausalMask(Rule):
    """A plain causal mask is built for a call that can mask causally by itself.

    **What it finds.** ``scaled_dot_product_attention(q, k, v, attn_mask=mask)`` where on every path the mask is the
    plain causal one: ``tril(ones(T, S))`` with diagonal 0, its additive form, a slice from its top left.

    **Why it costs.** The mask takes T × S memory and is read for each head, and flash kernels take none: at T = 2048 on
    a CPU 107 ms with the mask, 52 ms with ``is_causal=True``.

    **Silent when** the mask is aligned to the bottom right (a cache), combined with another one, or not known.

    **Mend.** ``is_causal=True`` in its place. Bit-identical on a CPU for masks of bools or −inf, hence safe; unsafe for
    large finite numbers.
    """

    code = "ATN902"
    name = "materialised-causal-mask"
    severity = Severity.PERFORMANCE
    on_by_default = False
    tiers = frozenset({Tier.SAFE, Tier.UNSAFE, Tier.MANUAL})
    triggers = ("scaled_dot_product_attention",)
    references = (
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html",
    )

    def check_site(self, site: AttentionSite) -> Iterator[Finding | Cleared]:
        """Report calls whose mask is causal on all paths."""
        call = site.anchor
        if not isinstance(call, Sdpa) or call.origin is None:
            return
        try:
            answers = [answer for path in site.paths for answer in path.ask(_is_exact)]
        except TooManyWorlds:
            answers = [None]
        if None in answers or not site.exhaustive:
            yield Cleared()
            return
        if not answers:
            return
        at = written(call.origin, call.mask, "attn_mask") or argument(call.origin, 3, "attn_mask")
        made = call.mask.origin
        yield Finding(
            at or call.origin,
            f"{call.mask.text} is the plain causal mask, which is_causal=True applies without making it: it takes "
            "memory for queries × keys, and keeps the call from the flash kernels",
            related=((made, "the mask is made here"),) if made is not None else (),
            mend=_mend(call.origin, at, made, Tier.SAFE if all(answers) else Tier.UNSAFE) if at is not None else None,
        )


def _is_exact(path: AttentionPath) -> bool | None:
    """Whether the causal mask hides by False or −inf; None where the mask is another, or is_causal is not off."""
    call = path.anchor
    assert isinstance(call, Sdpa)
    fact = path.facts.mask(call.mask)
    if fact is None or not fact.is_causal or fact.representation == "binary":
        return None
    if literal(path.facts.resolve(call.causal)) is not False:
        return None
    return fact.representation == "bool" or is_of_infinities(call.mask, path.facts)


def _mend(call: Origin, mask: Origin, made: Origin | None, tier: Tier) -> Mend | None:
    assert isinstance(call.node, cst.Call)
    is_last = bool(call.node.args) and call.node.args[-1].value is mask.node
    if is_last and argument(call, 5, "is_causal") is None:
        edits: tuple[Replacement, ...] = (Replacement(mask, "None, is_causal=True"),)
    else:
        flag = argument(call, 5, "is_causal")
        told = Replacement(flag, "True") if flag is not None else with_keyword(call, "is_causal", "True")
        if told is None:
            return None
        edits = (Replacement(mask, "None"), told)
    return Mend("Pass is_causal=True", tier, (*edits, *left_unread(mask, made)))
