"""The edits that turn a mask round, as it is written at its sink."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from attnlint.attention.site import MaskUse
from attnlint.attention.spelling import argument, rewritten, written
from attnlint.findings import Replacement
from attnlint.graph.values import MultiHead, Origin

_POSITIONS = {"scores": 5, "keys": 3}
"""Where ``nn.MultiheadAttention`` takes its masks."""


def mask_as_written(use: MaskUse) -> Origin | None:
    """The mask at its sink: an argument, or a side of an addition."""
    origin = use.at.origin
    if origin is None or use.mask is None:
        return None
    if use.how != "argument":
        return written(origin, use.mask, "mask")
    if isinstance(use.at, MultiHead):
        keyword = "key_padding_mask" if use.slot == "keys" else "attn_mask"
        return written(origin, use.mask, keyword) or argument(origin, _POSITIONS[use.slot], keyword)
    return written(origin, use.mask, "attn_mask") or argument(origin, 3, "attn_mask")


def flipped(at: Origin) -> Replacement:
    """The same mask of bools the other way round."""
    node = at.node
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.BitInvert):
        return rewritten(at, "{0}", replace(at, node=node.expression))
    if isinstance(node, cst.Comparison) and len(node.comparisons) == 1:
        operator = node.comparisons[0].operator
        for one, two in ((cst.Equal, "!="), (cst.NotEqual, "==")):
            if isinstance(operator, one):
                return Replacement(replace(at, node=operator), two)
    return rewritten(at, "~{0}", at)
