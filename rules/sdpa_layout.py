"""ATN503 sdpa-layout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from attnlint.attention import AttentionPath
from attnlint.attention.spelling import argument, rewritten
from attnlint.diagnostics import Tier
from attnlint.graph.layouts import Layout, extent, is_features, is_position
from attnlint.graph.values import Origin, Sdpa
from attnlint.rule import Finding, Mend, Rule
from attnlint.triggers import SITE


class SdpaLayout(Rule):
    """(B, T, H, D) is given to an attention that works on the last two axes, so tokens never meet.

    **What it finds.** Query and key that still have their heads on the axis before last, given to
    ``scaled_dot_product_attention`` or to a product over the last two axes: the heads of one token attend to one
    another, and every token stands in the batch.

    **Why it hurts.** No token sees another: the output of a token depends on the others by 0.0 instead of 0.25. Nothing
    raises.

    **Silent when** the kernel wants (B, T, H, D): flash_attn and xformers; when features are contracted on purpose
    (channel attention); or the layout is not known.

    **Mend.** ``.transpose(1, 2)`` on query, key, value and on the result.
    """

    code = "ATN503"
    name = "sdpa-layout"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE
    references = (
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html",
    )

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report attention between the heads of a token."""
        if path.query is None or path.key is None or not (path.product is not None or isinstance(path.anchor, Sdpa)):
            return
        query, key = path.facts.layout(path.query.value), path.facts.layout(path.key.value)
        if query is None or key is None or not _is_over_heads(path, query, key):
            return
        tokens, heads, head_dim = (query.axis(place) or () for place in (-3, -2, -1))
        at = path.product.origin if path.product is not None else path.anchor.origin
        if at is not None:
            yield Finding(
                at,
                f"{path.query.value.text} has the axes (…, tokens {extent(tokens)}, heads {extent(heads)}, "
                f"{extent(head_dim)}): attention works on the last two, so the heads of a token attend to one another "
                "and no token sees another; transpose tokens and heads first",
                related=tuple(_evidence(path)),
                mend=_mend(path.anchor) if isinstance(path.anchor, Sdpa) else None,
            )


def _is_over_heads(path: AttentionPath, query: Layout, key: Layout) -> bool:
    """Whether the rows of the scores are blocks of features, and tokens stand in the batch."""
    if path.product is not None and path.product.equation is not None:
        return False
    keys, contracted = (-1, -2) if path.product is not None else (-2, -1)
    sides = ((query, -2, -1), (key, keys, contracted))
    for layout, rows, inner in sides:
        blocks, within = layout.axis(rows), layout.axis(inner)
        if not is_features(blocks) or not is_features(within) or not is_position(layout.axis(-3)):
            return False
        if blocks is None or within is None or blocks[0].root != within[0].root or not blocks[0].is_outer:
            return False
    return True


def _evidence(path: AttentionPath) -> Iterator[tuple[Origin, str]]:
    for operand, what in ((path.query, "the query gets its layout here"), (path.key, "the key gets its layout here")):
        if operand is not None and operand.value.origin is not None:
            yield operand.value.origin, what


def _mend(call: Sdpa) -> Mend | None:
    """Tokens and heads swapped on the way in and back again; only for a call on one line."""
    at = call.origin
    if at is None or not isinstance(at.node, cst.Call) or "\n" in at.slice.code(at.node):
        return None
    swapped = [argument(at, place, name) for place, name in enumerate(("query", "key", "value"))]
    if None in swapped or any(arg.star for arg in at.node.args):
        return None
    nodes = [one.node for one in swapped if one is not None]
    parts: list[Origin] = [replace(at, node=at.node.func)]
    texts: list[str] = []
    for arg in at.node.args:
        place = f"{{{len(parts)}}}"
        is_swapped = any(arg.value is node for node in nodes)
        parts.append(replace(at, node=arg.value if is_swapped else arg))
        keyword = f"{arg.keyword.value}=" if arg.keyword is not None and is_swapped else ""
        texts.append(f"{keyword}{place}.transpose(1, 2)" if is_swapped else place)
    text = f"{{0}}({', '.join(texts)}).transpose(1, 2)"
    return Mend("Transpose tokens and heads", Tier.UNSAFE, (rewritten(at, text, *parts),))
