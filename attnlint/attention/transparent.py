"""What leaves the numbers of a tensor as they are, and moves or picks them."""

from __future__ import annotations

from attnlint.graph.facts import Facts
from attnlint.graph.values import (
    Cast,
    Expand,
    Flatten,
    Index,
    Permute,
    Piece,
    Pieces,
    Rearrange,
    Reorder,
    Repeat,
    RepeatInterleave,
    ReverseDims,
    Select,
    Squeeze,
    Transpose,
    Unflatten,
    Unsqueeze,
    Value,
    View,
)

LAYOUT = (
    Cast, View, Unsqueeze, Squeeze, Transpose, Permute, ReverseDims, Reorder, Rearrange, Expand, Flatten, Unflatten,
    Repeat, RepeatInterleave,
)  # fmt: skip
"""Changes of layout or dtype: the numbers stay."""
PARTS = (Index, Select, Piece, Pieces)
"""Parts of a tensor."""


def beneath(value: Value, facts: Facts, through: tuple[type[Value], ...] = (*LAYOUT, *PARTS)) -> Value:
    """What a tensor is a part, or another layout, of on one path: its first operand is followed while it is one of
    ``through``."""
    held = facts.resolve(value)
    while isinstance(held, through):
        held = facts.resolve(next(held.operands()))
    return held
