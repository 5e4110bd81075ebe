"""The nodes of the value graph.

One class is one meaning: `torch.matmul(a, b)`, ``a @ b`` and ``a.bmm(b)`` all become ``Product(a, b)``, so that rules
match on what code computes: ``case MaskedFill(fill=Constant(value=0))``. Nodes are immutable but for the name they are
first bound to, and are compared by identity; `key` compares them by structure.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import libcst as cst

    from attnlint.graph.scope import Scope
    from attnlint.syntax.outline import ClassOutline, Definition
    from attnlint.syntax.parse import Slice


@dataclass(frozen=True, eq=False)
class Frame:
    """One activation of a definition: the root, or a callee entered from ``call``."""

    definition: Definition | None
    caller: Frame | None = None
    call: Origin | None = None

    @property
    def depth(self) -> int:
        """How many calls were entered to get here; 0 for a root."""
        return 0 if self.caller is None else self.caller.depth + 1


@dataclass(frozen=True, eq=False)
class Origin:
    """Where a value was made: its syntax, and the conditions (all true) under which control gets there."""

    slice: Slice
    node: cst.CSTNode
    guard: tuple[Value, ...] = ()
    frame: Frame | None = None

    @property
    def place(self) -> Hashable:
        """Identity of the syntax: the same for every activation of the same definition."""
        return (self.slice.first_line, id(self.node))

    @property
    def code(self) -> str:
        """The source text, white space folded, shortened to fit a message."""
        text = " ".join(self.slice.code(self.node).split())
        return text if len(text) <= 60 else text[:57] + "..."


@dataclass(eq=False, slots=True)
class Value:
    """Base class of all nodes."""

    origin: Origin | None = field(default=None, kw_only=True, repr=False)
    name: str | None = field(default=None, kw_only=True, repr=False)
    _key: Hashable = field(default=None, kw_only=True, repr=False)

    @property
    def text(self) -> str:
        """How a message calls this value: the name it was bound to, else its source text."""
        if self.name:
            return self.name
        return self.origin.code if self.origin else type(self).__name__.lower()

    def operands(self) -> Iterator[Value]:
        """The values this one is computed from."""
        for name in _value_fields(type(self)):
            operand = getattr(self, name)
            if isinstance(operand, Value):
                yield operand
            elif isinstance(operand, tuple):
                yield from (item for item in operand if isinstance(item, Value))


_FIELDS: dict[type, tuple[str, ...]] = {}
_BOOKKEEPING = frozenset({"origin", "name", "_key"})


def _value_fields(kind: type) -> tuple[str, ...]:
    known = _FIELDS.get(kind)
    if known is None:
        known = _FIELDS[kind] = tuple(f.name for f in fields(kind) if f.name not in _BOOKKEEPING)
    return known


def key(value: Value) -> Hashable:
    """Structure of a value: equal keys mean the same computation on the same inputs."""
    if value._key is None:
        value._key = _structure(value)
    return value._key


def _structure(value: Value) -> Hashable:
    if isinstance(value, Constant):
        return ("constant", type(value.value).__name__, value.value)
    if isinstance(value, Attribute):
        return key(value.value) if value.value is not None else ("attribute", key(value.base), value.member)
    if isinstance(value, External):
        return ("external", value.path)
    if isinstance(value, OPAQUE) or not isinstance(value, STRUCTURAL):
        return id(value)
    parts: list[Hashable] = [type(value).__name__]
    for name in _value_fields(type(value)):
        part = getattr(value, name)
        if isinstance(part, Value):
            parts.append(key(part))
        elif isinstance(part, tuple):
            parts.append(tuple(key(p) if isinstance(p, Value) else p for p in part))
        else:
            parts.append(part)
    return _interned.setdefault(tuple(parts), ("structure", len(_interned)))


_interned: dict[Hashable, Hashable] = {}
"""Structures by number: a nested tuple would be hashed anew at each use."""


# --- what is not computed from anything -------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class Constant(Value):
    """A Python literal, or arithmetic on literals."""

    value: Any


@dataclass(eq=False, slots=True)
class Parameter(Value):
    """A parameter of the root definition, or of the constructor of its class: nothing is known but its name."""

    label: str
    annotation: str | None = None
    default: Value | None = None
    of_constructor: bool = False

    @property
    def text(self) -> str:
        """The parameter's name."""
        return self.label


@dataclass(eq=False, slots=True)
class External(Value):
    """A name from outside the module, by its qualified path; builtins are ``builtins.int``."""

    path: str


@dataclass(eq=False, slots=True)
class Unknown(Value):
    """The result of something that was not understood. It keeps its inputs and claims nothing."""

    inputs: tuple[Value, ...] = ()


@dataclass(eq=False, slots=True)
class Carried(Value):
    """A name that a loop assigns, as the loop's body sees it: the entry value, or any iteration's."""

    entry: Value


@dataclass(eq=False, slots=True)
class Phi(Value):
    """``then`` where ``condition`` is true, else ``otherwise``."""

    condition: Value
    then: Value
    otherwise: Value


@dataclass(eq=False, slots=True)
class Attribute(Value):
    """A read of ``base.member``; ``value`` is what it holds, None where nobody assigned it."""

    base: Value
    member: str
    value: Value | None = None

    @property
    def text(self) -> str:
        """``base.member``."""
        return f"{self.base.text}.{self.member}"


# --- Python objects -----------------------------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class Items(Value):
    """A tuple or list whose items are known one by one."""

    items: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Spread(Value):
    """``*x`` where the number of items is not known."""

    x: Value


@dataclass(eq=False, slots=True)
class Repeating(Value):
    """A list of any number of items that are all made alike: ``[make() for _ in range(n)]``."""

    item: Value


@dataclass(eq=False, slots=True)
class Mapping(Value):
    """A dict whose keys are known strings."""

    keys: tuple[str, ...]
    items: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Function(Value):
    """A function, method or lambda of this module, with what it closes over. ``slice`` and ``node`` are None for a
    definition that is parsed when it is entered."""

    slice: Slice | None = None
    node: cst.FunctionDef | cst.Lambda | None = None
    scope: Scope | None = None
    receiver: Value | None = None
    owner: ClassOutline | None = None
    definition: Definition | None = None


@dataclass(eq=False, slots=True)
class Partial(Value):
    """``functools.partial``."""

    function: Value
    positional: tuple[Value, ...]
    names: tuple[str, ...]
    keywords: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Class(Value):
    """A class of this module."""

    outline: ClassOutline


@dataclass(eq=False, slots=True)
class Instance(Value):
    """An object of a class of this module; its attributes live in the interpreter's heap."""

    outline: ClassOutline

    @property
    def text(self) -> str:
        """The name it was bound to, else ``self``."""
        return self.name or "self"


@dataclass(eq=False, slots=True)
class Super(Value):
    """``super()`` inside a method of ``owner``."""

    receiver: Value
    owner: ClassOutline


@dataclass(eq=False, slots=True)
class TorchModule(Value):
    """An ``nn.Module`` of torch itself, with its constructor's arguments by name."""

    kind: str
    names: tuple[str, ...] = ()
    arguments: tuple[Value, ...] = ()

    def argument(self, name: str) -> Value | None:
        """The constructor's argument of that name, None where it was not given."""
        return self.arguments[self.names.index(name)] if name in self.names else None


# --- arithmetic and conditions ------------------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class Add(Value):
    left: Value
    right: Value


@dataclass(eq=False, slots=True)
class Subtract(Value):
    left: Value
    right: Value


@dataclass(eq=False, slots=True)
class Multiply(Value):
    left: Value
    right: Value


@dataclass(eq=False, slots=True)
class Divide(Value):
    left: Value
    right: Value


@dataclass(eq=False, slots=True)
class FloorDivide(Value):
    left: Value
    right: Value


@dataclass(eq=False, slots=True)
class Modulo(Value):
    left: Value
    right: Value


@dataclass(eq=False, slots=True)
class Power(Value):
    base: Value
    exponent: Value


@dataclass(eq=False, slots=True)
class Negate(Value):
    x: Value


@dataclass(eq=False, slots=True)
class Not(Value):
    """Logical ``not`` and the bitwise ``~`` of a mask."""

    x: Value


@dataclass(eq=False, slots=True)
class And(Value):
    items: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Or(Value):
    items: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Compare(Value):
    """``operator`` is one of ``== < <= > >= in is``; the negated ones are ``Not(Compare(…))``."""

    operator: str
    left: Value
    right: Value


@dataclass(eq=False, slots=True)
class IsNone(Value):
    x: Value


@dataclass(eq=False, slots=True)
class Pure(Value):
    """A call without side effects that is only compared with itself: ``isinstance``, ``hasattr``, ``len``."""

    function: str
    inputs: tuple[Value, ...]


# --- tensors --------------------------------------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class Product(Value):
    """A contraction of two tensors. Without an equation, the last axis of ``left`` with the one before last of
    ``right`` (matmul, ``@``, bmm). With one, as in ``einsum``: letters of both operands and of the result."""

    left: Value
    right: Value
    equation: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]] | None = None


@dataclass(eq=False, slots=True)
class Transpose(Value):
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
    x: Value
    order: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class View(Value):
    x: Value
    sizes: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Flatten(Value):
    x: Value
    start: Value
    end: Value


@dataclass(eq=False, slots=True)
class Unflatten(Value):
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
    items: tuple[Value, ...]
    axis: Value


@dataclass(eq=False, slots=True)
class Stack(Value):
    items: tuple[Value, ...]
    axis: Value


@dataclass(eq=False, slots=True)
class Unsqueeze(Value):
    x: Value
    axis: Value


@dataclass(eq=False, slots=True)
class Squeeze(Value):
    x: Value
    axis: Value


@dataclass(eq=False, slots=True)
class Expand(Value):
    x: Value
    sizes: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Repeat(Value):
    """``x.repeat(*times)``: tiles."""

    x: Value
    times: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class RepeatInterleave(Value):
    x: Value
    times: Value
    axis: Value


@dataclass(eq=False, slots=True)
class MaskedFill(Value):
    x: Value
    mask: Value
    fill: Value


@dataclass(eq=False, slots=True)
class Where(Value):
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


OPAQUE = (Parameter, Unknown, Carried, Instance, Function, Class, Super)
"""Values of which nothing is known but their identity."""

STRUCTURAL = (
    Items, Phi, Add, Subtract, Multiply, Divide, FloorDivide, Modulo, Power, Negate, Not, And, Or, Compare, IsNone,
    Pure, Extent, Rank, Slicing, Index, Select, Unsqueeze, Cast, Tri, Full, View,
)  # fmt: skip
"""Values without side effects or randomness, which are equal when their operands are."""

NONE = Constant(None)
"""An argument that was not given."""

TENSOR = (
    Product, Transpose, ReverseDims, Permute, View, Flatten, Unflatten, Rearrange, Piece, Select, Index, Assigned, Cat,
    Stack, Unsqueeze, Squeeze, Expand, Repeat, RepeatInterleave, MaskedFill, Where, Softmax, Pointwise, Dropout, Cast,
    Linear, Convolution, Embedding, Normalize, Reduce, Full, FromData, Random, Arange, Tri, Learned, Sdpa, Flash,
)  # fmt: skip
"""Values that are certainly tensors (never None)."""


def strip(value: Value) -> Value:
    """What an attribute read holds, through any number of reads."""
    while isinstance(value, Attribute) and value.value is not None:
        value = value.value
    return value
