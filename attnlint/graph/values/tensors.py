"""Operations on tensors; arguments that were not given are ``Constant(None)`` unless a class says otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from attnlint.graph.values.arithmetic import Add, Divide, FloorDivide, Multiply, Negate, Subtract
from attnlint.graph.values.base import Value, strip


@dataclass(eq=False, slots=True)
class Product(Value):
    """A contraction of two tensors. Without an equation, the last axis of ``left`` with the one before last of
    ``right`` (matmul, ``@``, bmm). With one, as in ``einsum``: letters of both operands and of the result."""

    left: Value
    right: Value
    equation: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]] | None = None


@dataclass(eq=False, slots=True)
class Transpose(Value):
    """Two axes swapped."""

    x: Value
    first: Value
    second: Value


@dataclass(eq=False, slots=True)
class ReverseDims(Value):
    """``.T``, ``.t()`` and ``.H``: all axes reversed, which is the transpose only for matrices."""

    x: Value
    spelling: str


@dataclass(eq=False, slots=True)
class Permute(Value):
    """All axes in another order."""

    x: Value
    order: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class View(Value):
    """``view`` and ``reshape``: the same numbers in another shape."""

    x: Value
    sizes: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Flatten(Value):
    """Axes from ``start`` to ``end`` merged into one."""

    x: Value
    start: Value
    end: Value


@dataclass(eq=False, slots=True)
class Unflatten(Value):
    """One axis split into several."""

    x: Value
    axis: Value
    sizes: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Rearrange(Value):
    """``einops.rearrange``, ``repeat`` and ``reduce``: pattern as written, sizes by letter."""

    x: Value
    pattern: str
    letters: tuple[str, ...] = ()
    sizes: tuple[Value, ...] = ()
    kind: str = "rearrange"


@dataclass(eq=False, slots=True)
class Piece(Value):
    """One of the tensors that chunk or split gives: ``size`` is its extent on ``axis``, None where unknown."""

    x: Value
    axis: Value
    index: int
    size: Value | None = None
    count: Value | None = None


@dataclass(eq=False, slots=True)
class Select(Value):
    """``x.unbind(axis)[index]``, ``x.select(axis, index)``, ``x[index]``: the axis is gone."""

    x: Value
    axis: Value
    index: Value


@dataclass(eq=False, slots=True)
class Pieces(Value):
    """What ``chunk``, ``split`` or ``unbind`` return before they are unpacked."""

    x: Value
    axis: Value
    how: str
    size: Value | None = None


@dataclass(eq=False, slots=True)
class Slicing(Value):
    """A slice, as a subscript."""

    lower: Value
    upper: Value
    step: Value


@dataclass(eq=False, slots=True)
class Index(Value):
    """``x[keys]`` on a tensor, with slices, None and Ellipsis among the keys."""

    x: Value
    keys: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Assigned(Value):
    """``x[keys] = item``: the tensor afterwards."""

    x: Value
    keys: tuple[Value, ...]
    item: Value


@dataclass(eq=False, slots=True)
class Cat(Value):
    """Tensors joined along an axis that they have."""

    items: tuple[Value, ...]
    axis: Value


@dataclass(eq=False, slots=True)
class Stack(Value):
    """Tensors joined along a new axis."""

    items: tuple[Value, ...]
    axis: Value


@dataclass(eq=False, slots=True)
class Unsqueeze(Value):
    """A new axis of extent one."""

    x: Value
    axis: Value


@dataclass(eq=False, slots=True)
class Squeeze(Value):
    """An axis of extent one dropped."""

    x: Value
    axis: Value


@dataclass(eq=False, slots=True)
class Expand(Value):
    """Axes of extent one stretched, without copying."""

    x: Value
    sizes: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Repeat(Value):
    """``x.repeat(*times)``: tiles."""

    x: Value
    times: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class RepeatInterleave(Value):
    """Each slice along an axis repeated in place: ``a a b b``."""

    x: Value
    times: Value
    axis: Value


@dataclass(eq=False, slots=True)
class MaskedFill(Value):
    """``fill`` where ``mask`` is true, ``x`` elsewhere."""

    x: Value
    mask: Value
    fill: Value


@dataclass(eq=False, slots=True)
class Where(Value):
    """``then`` where ``condition`` is true, ``otherwise`` elsewhere."""

    condition: Value
    then: Value
    otherwise: Value


@dataclass(eq=False, slots=True)
class Softmax(Value):
    """``axis`` and ``dtype`` are ``Constant(None)`` where not given."""

    x: Value
    axis: Value
    dtype: Value


@dataclass(eq=False, slots=True)
class Pointwise(Value):
    """An elementwise function that is only named: ``tanh``, ``sigmoid``, ``exp``, ``abs``, ``clamp`` …"""

    function: str
    x: Value
    others: tuple[Value, ...] = ()


@dataclass(eq=False, slots=True)
class Dropout(Value):
    """``training`` is None for a module (gated by ``module.train()``), a value for the functional form."""

    x: Value
    p: Value
    training: Value | None = None


@dataclass(eq=False, slots=True)
class Cast(Value):
    """A change of dtype or device; ``dtype`` is None where it is not known to change."""

    x: Value
    dtype: Value | None


@dataclass(eq=False, slots=True)
class Linear(Value):
    """A projection: the last axis becomes ``out_features``."""

    x: Value
    in_features: Value
    out_features: Value
    module: Value | None = None


@dataclass(eq=False, slots=True)
class Convolution(Value):
    """A convolution over ``axes`` trailing axes: the axis before them becomes ``out_channels``."""

    x: Value
    in_channels: Value
    out_channels: Value
    axes: int


@dataclass(eq=False, slots=True)
class Embedding(Value):
    """Rows of a table by index: a new last axis of extent ``width``."""

    x: Value
    width: Value


@dataclass(eq=False, slots=True)
class Normalize(Value):
    """A norm over the last axes. ``kind`` is ``rms``, ``layer``, ``l2`` or ``other``; ``width`` is the extent
    normalised over, where the module's constructor says it."""

    x: Value
    kind: str
    axis: Value | None = None
    width: Value | None = None


@dataclass(eq=False, slots=True)
class Reduce(Value):
    """An axis summed, averaged or otherwise reduced away."""

    x: Value
    function: str
    axis: Value
    keepdim: Value


@dataclass(eq=False, slots=True)
class Extent(Value):
    """``x.shape[axis]``."""

    x: Value
    axis: int

    @property
    def text(self) -> str:
        """The name it was bound to, else ``x.shape[axis]``."""
        return self.name or f"{self.x.text}.shape[{self.axis}]"


@dataclass(eq=False, slots=True)
class Shape(Value):
    """``x.shape`` or ``x.size()`` as a whole."""

    x: Value


@dataclass(eq=False, slots=True)
class Numel(Value):
    """``x.numel()``."""

    x: Value


@dataclass(eq=False, slots=True)
class Rank(Value):
    """``x.dim()`` and ``x.ndim``."""

    x: Value


@dataclass(eq=False, slots=True)
class Full(Value):
    """A new tensor of one value: zeros, ones, full and their ``_like`` kin."""

    sizes: tuple[Value, ...] | None
    fill: Value
    dtype: Value | None = None
    like: Value | None = None


@dataclass(eq=False, slots=True)
class FromData(Value):
    """``torch.tensor(data)`` and kin."""

    data: Value
    dtype: Value | None = None


@dataclass(eq=False, slots=True)
class Random(Value):
    """A new tensor of random or uninitialised numbers."""

    sizes: tuple[Value, ...] | None
    dtype: Value | None = None


@dataclass(eq=False, slots=True)
class Arange(Value):
    """``torch.arange``: ``length`` where it starts at zero with step one, else None."""

    length: Value | None


@dataclass(eq=False, slots=True)
class Tri(Value):
    """``triu`` and ``tril``."""

    x: Value
    upper: bool
    diagonal: Value


@dataclass(eq=False, slots=True)
class Learned(Value):
    """An ``nn.Parameter`` with its initial value."""

    initial: Value
    trains: Value


@dataclass(eq=False, slots=True)
class Sdpa(Value):
    """``F.scaled_dot_product_attention``. Arguments not given are ``Constant(None)``."""

    query: Value
    key: Value
    value: Value
    mask: Value
    dropout: Value
    causal: Value
    scale: Value
    gqa: Value


@dataclass(eq=False, slots=True)
class MultiHead(Value):
    """A call of ``nn.MultiheadAttention``; its result is a tuple."""

    module: Value
    query: Value
    key: Value
    value: Value
    padding: Value
    weights: Value
    mask: Value
    causal: Value


@dataclass(eq=False, slots=True)
class Flash(Value):
    """A fused kernel of flash_attn or xformers, layout (batch, sequence, heads, head_dim)."""

    query: Value
    key: Value
    value: Value
    dropout: Value
    scale: Value
    causal: Value
    mask: Value
    library: str


@dataclass(eq=False, slots=True)
class Dispatched(Value):
    """A call of a library's dispatcher: Hugging Face's ``attention_interface``, diffusers' ``dispatch_attention_fn``.
    What it computes is in another module; what it is given is known."""

    query: Value
    key: Value
    value: Value
    mask: Value
    dropout: Value
    scale: Value
    causal: Value


TENSOR = (
    Product, Transpose, ReverseDims, Permute, View, Flatten, Unflatten, Rearrange, Piece, Select, Index, Assigned, Cat,
    Stack, Unsqueeze, Squeeze, Expand, Repeat, RepeatInterleave, MaskedFill, Where, Softmax, Pointwise, Dropout, Cast,
    Linear, Convolution, Embedding, Normalize, Reduce, Full, FromData, Random, Arange, Tri, Learned, Sdpa, Flash,
)  # fmt: skip
"""Values that are certainly tensors (never None)."""


_ARITHMETIC = (Add, Subtract, Multiply, Divide, FloorDivide, Negate)


def is_tensor(value: Value, depth: int = 8) -> bool:
    """Whether a value is certainly a tensor: an operation on one, or arithmetic with one."""
    inner = strip(value)
    if isinstance(inner, TENSOR):
        return True
    return depth > 0 and isinstance(inner, _ARITHMETIC) and any(is_tensor(o, depth - 1) for o in inner.operands())
