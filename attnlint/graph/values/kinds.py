"""Questions about what a value certainly is."""

from __future__ import annotations

from attnlint.graph.values.arithmetic import Add, Divide, FloorDivide, Multiply, Negate, Subtract
from attnlint.graph.values.base import Phi, Value, strip
from attnlint.graph.values.creation import Arange, FromData, Full, Learned, Random, Tri
from attnlint.graph.values.fused import Flash, Output, Sdpa, TransformerCall
from attnlint.graph.values.layout import (
    AsComplex,
    AsReal,
    Assigned,
    Cat,
    Expand,
    Flatten,
    Index,
    Permute,
    Piece,
    Rearrange,
    Reorder,
    Repeat,
    RepeatInterleave,
    ReverseDims,
    Select,
    Squeeze,
    Stack,
    Transpose,
    Unflatten,
    Unsqueeze,
    View,
)
from attnlint.graph.values.tensors import (
    Cast,
    Convolution,
    Dropout,
    Embedding,
    Linear,
    MaskedFill,
    Normalize,
    Pointwise,
    Product,
    Reduce,
    Softmax,
    Where,
)

TENSOR = (
    Product, Transpose, ReverseDims, Reorder, Permute, View, Flatten, Unflatten, Rearrange, Piece, Select, Index,
    Assigned, Cat, Stack, Unsqueeze, Squeeze, Expand, Repeat, RepeatInterleave, MaskedFill, Where, Softmax,
    Pointwise, Dropout, Cast, Linear, Convolution, Embedding, Normalize, Reduce, Full, FromData, Random, Arange,
    Tri, Learned, Sdpa, Flash, AsComplex, AsReal, Output, TransformerCall,
)  # fmt: skip
"""Values that are certainly tensors (never None)."""


_ARITHMETIC = (Add, Subtract, Multiply, Divide, FloorDivide, Negate)


def is_tensor(value: Value, depth: int = 8) -> bool:
    """Whether a value is certainly a tensor: an operation on one, or arithmetic with one."""
    inner = strip(value)
    if isinstance(inner, TENSOR):
        return True
    if isinstance(inner, Phi):
        return depth > 0 and is_tensor(inner.then, depth - 1) and is_tensor(inner.otherwise, depth - 1)
    return depth > 0 and isinstance(inner, _ARITHMETIC) and any(is_tensor(o, depth - 1) for o in inner.operands())
