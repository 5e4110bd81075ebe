"""ATN905 prefer-gqa."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Literal

import libcst as cst

from attnlint.attention import AttentionPath, AttentionSite
from attnlint.attention.grouping import RepeatedHeads, heads_of, repeated_heads
from attnlint.attention.spelling import argument, with_keyword
from attnlint.attention.trail import Walk
from attnlint.diagnostics import Severity, Tier
from attnlint.graph.values import Origin, RepeatInterleave, Sdpa, Value, literal
from attnlint.graph.worlds import TooManyWorlds
from attnlint.rule import Cleared, Finding, Mend, Replacement, Rule

Pair = tuple[RepeatedHeads, RepeatedHeads]


class PreferGqa(Rule):
    """Key and value heads are copied for a call that groups query heads by itself.

    **What it finds.** ``scaled_dot_product_attention`` on a key and a value whose heads are repeated, each in place
    (``repeat_interleave(groups, dim=1)``, an expanded axis, einops.repeat), to the number of query heads.

    **Why it costs.** The copies take as many times the memory of key and value as there are query heads in a group:
    69 ms with them and 51 ms with ``enable_gqa=True`` on a CPU. Needs torch 2.5.

    **Silent when** key and value are repeated differently, tiled, or on some path one of them alone, or the setting
    ``torch-version`` has releases before 2.5.

    **Mend.** ``enable_gqa=True`` on key and value as they are; unsafe, as kernels may round differently. Offered where
    the copies are made in the call itself.
    """

    code = "ATN905"
    name = "prefer-gqa"
    severity = Severity.PERFORMANCE
    on_by_default = False
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = ("scaled_dot_product_attention",)
    references = (
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html",
    )

    def check_site(self, site: AttentionSite) -> Iterator[Finding | Cleared]:
        """Report calls whose key and value are repeated, wherever one of them is."""
        call = site.anchor
        if not isinstance(call, Sdpa) or call.origin is None:
            return
        if self.torch.may_be_before("2.5"):
            return
        try:
            pairs = [pair for path in site.paths for pair in path.ask(_repeated)]
        except TooManyWorlds:
            pairs = [None]
        if None in pairs or not site.exhaustive:
            yield Cleared()
            return
        found = next((pair for pair in pairs if isinstance(pair, tuple)), None)
        if found is None:
            return
        key, value = found
        yield Finding(
            call.origin,
            f"the heads of {call.key.text} and {call.value.text} are each repeated {key.times} times for this call, "
            "which takes grouped heads as they are with enable_gqa=True (torch 2.5 and later)",
            related=tuple(
                (r.at.origin, "the heads are repeated here") for r in (key, value) if r.at.origin is not None
            ),
            mend=_mend(call.origin, (key, value), site.paths[0].graph.module.outline.imports),
        )


def _repeated(path: AttentionPath) -> Pair | Literal[False] | None:
    """How key and value are repeated, if both alike and as ``enable_gqa`` does; False where neither is: as many heads
    as the query has are one to a group."""
    call, facts = path.anchor, path.facts
    assert isinstance(call, Sdpa)
    heads = heads_of(call.query, facts)
    if heads is None or path.key is None or literal(facts.resolve(call.gqa)) is not False:
        return None
    key = repeated_heads(path.key, heads, facts)
    value = repeated_heads(Walk(facts).operand(call.value, "key"), heads, facts)
    if key is None and value is None:
        return False
    if key is None or value is None or not (key.interleaved and value.interleaved):
        return None
    return (key, value) if key.times.equals(value.times) else None


def _mend(call: Origin, repeated: Pair, imports: Collection[str]) -> Mend | None:
    """Only where the copies are arguments of the call: elsewhere other code may read them."""
    edits: list[Replacement] = []
    for given, found in zip(((1, "key"), (2, "value")), repeated, strict=True):
        at = argument(call, *given)
        source = _source(found.at, at, imports)
        if at is None or source is None:
            return None
        edits.append(Replacement(at, "{0}", (source,)))
    assert isinstance(call.node, cst.Call)
    last = call.node.args[-1].value
    ends = [isinstance(edit.at, Origin) and edit.at.node is last for edit in edits]
    if any(ends):
        ended = [replace(e, text="{0}, enable_gqa=True") if end else e for e, end in zip(edits, ends, strict=True)]
        return Mend("Pass enable_gqa=True", Tier.UNSAFE, tuple(ended))
    told = with_keyword(call, "enable_gqa", "True")
    return None if told is None else Mend("Pass enable_gqa=True", Tier.UNSAFE, (*edits, told))


def _source(repeated: Value, at: Origin | None, imports: Collection[str]) -> Origin | None:
    """The tensor that ``x.repeat_interleave(…)`` repeats, where this is the argument itself."""
    origin = repeated.origin
    if not isinstance(repeated, RepeatInterleave) or origin is None or at is None or origin.node is not at.node:
        return None
    match origin.node:
        case cst.Call(func=cst.Attribute(value=cst.Name(value=name))) if name in imports:
            return argument(origin, 0, "input")
        case cst.Call(func=cst.Attribute(value=receiver)):
            return replace(origin, node=receiver)
    return argument(origin, 0, "input")
