"""ATN502 head-merge-without-transpose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from attnlint.attention import AttentionPath
from attnlint.attention.spelling import rewritten
from attnlint.attention.views import merges, swaps_nothing
from attnlint.diagnostics import Tier
from attnlint.graph.layouts import Layout, crossing
from attnlint.graph.values import View
from attnlint.rule import Finding, Mend, Rule
from attnlint.triggers import SITE


class HeadMergeWithoutTranspose(Rule):
    """The output (B, H, T, D) is viewed as (B, T, H·D), with no transpose back.

    **What it finds.** ``(weights @ v).reshape(B, T, C)``: in memory the heads stand before the tokens, so the rows of
    the merged tensor are not the tokens.

    **Why it hurts.** A row is put together from several tokens of one head. In a causal model outputs change by 0.23
    when a later token changes. ``view`` raises on what fused kernels return, and is silent on the result of a matmul.

    **Silent when** the heads were transposed back, when the output has (B, T, H, D) already (flash_attn, xformers,
    einsum to ``bihd``), or the layout is not known.

    **Mend.** ``.transpose(1, 2).reshape(B, T, C)``.
    """

    code = "ATN502"
    name = "head-merge-without-transpose"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE
    references = ("https://github.com/meta-pytorch/opacus/issues/825",)

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report views of the output that tear heads apart."""
        for view in merges(path):
            torn, before = crossing(view, path.facts), path.facts.layout(view.x)
            if torn is None or before is None or view.origin is None or torn.atom.kind != "features":
                continue
            if swaps_nothing(view, path.facts):
                continue
            sizes = ", ".join(size.text for size in view.sizes)
            what, which = ("heads", "one head") if torn.atom.is_outer else ("features", "one feature")
            tokens = f"the tokens ({torn.wanted})" if torn.wanted is not None else "the tokens"
            yield Finding(
                view.origin,
                f"`{view.x.text}` holds the {what} ({torn.atom.extent}) before {tokens}; a view as "
                f"({sizes}) does not swap them: each row is put together from several tokens of {which}; "
                f"the tokens must stand before the {what}",
                related=((path.anchor.origin, "the attention"),) if path.anchor.origin is not None else (),
                mend=_mend(view, before),
            )


def _mend(view: View, before: Layout) -> Mend | None:
    """The transpose before the view, where heads have an axis of their own."""
    assert view.origin is not None
    call = view.origin.node
    if before.rank != 4 or not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute):
        return None
    if call.func.attr.value not in ("view", "reshape"):
        return None
    receiver = replace(view.origin, node=call.func.value)
    sizes = [replace(view.origin, node=arg) for arg in call.args]
    places = ", ".join(f"{{{number}}}" for number in range(1, len(sizes) + 1))
    text = f"{{0}}.transpose(1, 2).reshape({places})"
    arguments = [replace(size, node=size.node.value) for size in sizes if isinstance(size.node, cst.Arg)]
    if any(isinstance(size.node, cst.Arg) and (size.node.star or size.node.keyword) for size in sizes):
        return None
    return Mend("Transpose heads and tokens first", Tier.UNSAFE, (rewritten(view.origin, text, receiver, *arguments),))
