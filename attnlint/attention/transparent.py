"""What leaves the numbers of a tensor as they are, and moves or picks them."""

from __future__ import annotations

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
    View,
)

LAYOUT = (
    Cast, View, Unsqueeze, Squeeze, Transpose, Permute, ReverseDims, Reorder, Rearrange, Expand, Flatten, Unflatten,
    Repeat, RepeatInterleave,
)  # fmt: skip
"""Changes of layout or dtype: the numbers stay."""
PARTS = (Index, Select, Piece, Pieces)
"""Parts of a tensor."""
