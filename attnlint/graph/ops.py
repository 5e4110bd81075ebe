"""The op table: every spelling that is understood, one row a meaning. Adding an idiom is adding a row.

A row is a signature (see `signatures`) and a builder.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from attnlint.graph import equations
from attnlint.graph.signatures import Arguments, Builder, Signature, spread
from attnlint.graph.values import (
    NONE,
    Add,
    Arange,
    Attribute,
    Cast,
    Cat,
    Compare,
    Constant,
    Dispatched,
    Divide,
    Dropout,
    Embedding,
    Expand,
    Extent,
    External,
    Flash,
    Flatten,
    FromData,
    Full,
    Index,
    Items,
    Learned,
    MaskedFill,
    Multiply,
    Negate,
    Normalize,
    Not,
    Numel,
    Permute,
    Pieces,
    Pointwise,
    Power,
    Product,
    Random,
    Rank,
    Rearrange,
    Reduce,
    Repeat,
    RepeatInterleave,
    ReverseDims,
    Sdpa,
    Select,
    Shape,
    Slicing,
    Softmax,
    Squeeze,
    Stack,
    Subtract,
    Transpose,
    Tri,
    Unflatten,
    Unknown,
    Unsqueeze,
    Value,
    View,
    Where,
    literal,
    strip,
)


@dataclass(frozen=True)
class Row:
    """One meaning: how its arguments are bound and which node it becomes."""

    signature: Signature
    build: Builder


FUNCTIONS: dict[str, Row] = {}
"""Rows by qualified path."""
METHODS: dict[str, Row] = {}
"""Rows by the name of a tensor's method; the first parameter is the tensor."""


def row(spellings: str, signature: str, build: Builder) -> None:
    """Add a row. ``spellings`` are qualified paths; ``.name`` is a method of tensors, ``name`` is ``torch.name``
    and the method; ``F.name`` is in ``torch.nn.functional``."""
    entry = Row(Signature.parse(signature), build)
    for spelling in spellings.split():
        if spelling.startswith("."):
            METHODS[spelling[1:]] = entry
        elif spelling.startswith("F."):
            FUNCTIONS["torch.nn.functional." + spelling[2:]] = entry
        elif "." in spelling:
            FUNCTIONS[spelling] = entry
        else:
            FUNCTIONS["torch." + spelling] = entry
            METHODS[spelling] = entry


def is_number(value: Value) -> bool:
    """Whether a value is a literal number (True and False are not)."""
    inner = strip(value)
    return isinstance(inner, Constant) and isinstance(inner.value, (int, float)) and not isinstance(inner.value, bool)


# --- products -----------------------------------------------------------------------------------------------------

row("matmul bmm mm torch.linalg.matmul", "input other|mat2|tensor2", lambda a: Product(a.input, a.other))


def _baddbmm(a: Arguments) -> Value:
    product: Value = Product(a.batch1, a.batch2)
    if not (isinstance(a.alpha, Constant) and a.alpha.value == 1):
        product = Multiply(product, a.alpha)
    if isinstance(a.beta, Constant) and a.beta.value == 0:
        return product
    base = a.input if isinstance(a.beta, Constant) and a.beta.value == 1 else Multiply(a.input, a.beta)
    return Add(base, product)


row("baddbmm", "input batch1 batch2 beta=1 alpha=1", _baddbmm)


def _einsum(equation: Value, operands: tuple[Value, ...], einops: bool) -> Value:
    text = strip(equation)
    operands = spread(operands)
    if isinstance(text, Constant) and isinstance(text.value, str):
        parsed = equations.parse_einsum(text.value, einops)
        if parsed is not None and len(operands) == 2 and len(parsed[0]) == 2:
            return Product(operands[0], operands[1], (parsed[0][0], parsed[0][1], parsed[1]))
        if parsed is not None and len(operands) == 1 and len(parsed[0]) == 1:
            source = parsed[0][0]
            if sorted(source) == sorted(parsed[1]) and "..." not in source:
                return Permute(operands[0], tuple(Constant(source.index(letter)) for letter in parsed[1]))
    return Unknown((equation, *operands))


row("torch.einsum torch.functional.einsum", "equation *operands", lambda a: _einsum(a.equation, a.rest, False))


def _einops_einsum(a: Arguments) -> Value:
    return _einsum(a.rest[-1], a.rest[:-1], True) if a.rest else Unknown()


row("einops.einsum", "*tensors", _einops_einsum)
row("opt_einsum.contract", "equation *operands", lambda a: _einsum(a.equation, a.rest, False))

# --- layout -------------------------------------------------------------------------------------------------------

row("transpose swapaxes swapdims", "input dim0|axis0 dim1|axis1", lambda a: Transpose(a.input, a.dim0, a.dim1))
row("t", "input", lambda a: ReverseDims(a.input, "t()"))
row("permute", "input *dims", lambda a: Permute(a.input, spread(a.rest)))
row(".view .reshape .view_copy", "input *shape", lambda a: _viewed(a.input, a.rest))


def _viewed(x: Value, sizes: tuple[Value, ...]) -> Value:
    """``view(dtype)`` reads the same bytes as other numbers."""
    first = strip(sizes[0]) if len(sizes) == 1 else None
    if isinstance(first, External) or (first is not None and is_dtype_read(first)):
        return Unknown((x, *sizes))
    return View(x, spread(sizes))


row("torch.reshape", "input *shape", lambda a: View(a.input, spread(a.rest)))
row("flatten", "input start_dim=0 end_dim=-1", lambda a: Flatten(a.input, a.start_dim, a.end_dim))
row("unflatten", "input dim *sizes", lambda a: Unflatten(a.input, a.dim, spread(a.rest)))
row("chunk", "input chunks dim|axis=0", lambda a: Pieces(a.input, a.dim, "chunk", a.chunks))
row(
    "split split_with_sizes",
    "input split_size|split_size_or_sections dim=0",
    lambda a: Pieces(a.input, a.dim, "split", a.split_size),
)
row("unbind", "input dim=0", lambda a: Pieces(a.input, a.dim, "unbind"))
row("select", "input dim index", lambda a: Select(a.input, a.dim, a.index))
row("cat torch.concat torch.concatenate", "tensors dim|axis=0", lambda a: Cat(spread((a.tensors,)), a.dim))
row("torch.stack", "tensors dim|axis=0", lambda a: Stack(spread((a.tensors,)), a.dim))
row("unsqueeze", "input dim", lambda a: Unsqueeze(a.input, a.dim))
row("squeeze", "input dim", lambda a: Squeeze(a.input, a.dim))
row(".expand", "input *sizes", lambda a: Expand(a.input, spread(a.rest)))
row(".expand_as .view_as .reshape_as", "input other", lambda a: Expand(a.input, (Shape(a.other),)))
row("torch.broadcast_to .broadcast_to", "input *sizes", lambda a: Expand(a.input, spread(a.rest)))
row(".repeat", "input *repeats", lambda a: Repeat(a.input, spread(a.rest)))
row("repeat_interleave", "input repeats dim", lambda a: RepeatInterleave(a.input, a.repeats, a.dim))
row("narrow", "input dim start length", lambda a: Unknown((a.input, a.start)))

for _same in ("contiguous", "detach", "requires_grad_", "pin_memory", "cuda", "cpu", "refine_names"):
    row("." + _same, "input *rest", lambda a: a.input)
row("torch.detach", "input", lambda a: a.input)
row("clone", "input", lambda a: Cast(a.input, None))


def _rearrange(kind: str) -> Builder:
    def build(a: Arguments) -> Value:
        pattern = strip(a.pattern)
        if isinstance(pattern, Constant) and isinstance(pattern.value, str):
            source = strip(a.tensor)
            if isinstance(source, Items):
                source = Stack(source.items, Constant(0))
            return Rearrange(source, pattern.value, tuple(a.others), tuple(a.others.values()), kind)
        return Unknown((a.tensor, a.pattern))

    return build


row("einops.rearrange", "tensor pattern", _rearrange("rearrange"))
row("einops.repeat", "tensor pattern", _rearrange("repeat"))
row("einops.reduce", "tensor pattern reduction", _rearrange("reduce"))

row(".size", "input dim", lambda a: Shape(a.input) if a.dim is NONE else _extent(a.input, a.dim))
row(".dim .ndimension", "input", lambda a: Rank(a.input))
row("numel", "input", lambda a: Numel(_whole(a.input)))


def _whole(value: Value) -> Value:
    """``x.shape.numel()`` is ``x.numel()``."""
    inner = strip(value)
    return inner.x if isinstance(inner, Shape) else value


def _extent(x: Value, axis: Value) -> Value:
    inner = strip(axis)
    if isinstance(inner, Constant) and isinstance(inner.value, int):
        return Extent(x, inner.value)
    return Unknown((x, axis))


# --- masks --------------------------------------------------------------------------------------------------------

row("masked_fill", "input mask value", lambda a: MaskedFill(a.input, a.mask, a.value))
row(
    "where",
    "condition input other",
    lambda a: Where(a.condition, a.input, a.other) if a.other is not NONE else Unknown((a.condition,)),
)
row(".where", "input condition other", lambda a: Where(a.condition, a.input, a.other))
for _name in ("masked_scatter", "index_fill", "index_copy", "index_add", "scatter", "scatter_add"):
    row(_name, "input *rest", lambda a, n=_name: Pointwise(n, a.input, a.rest))  # type: ignore[misc]
row(
    "torch.nn.Transformer.generate_square_subsequent_mask",
    "sz *rest",
    lambda a: Tri(Full((a.sz, a.sz), Constant(-math.inf)), True, Constant(1)),
)
row("triu numpy.triu", "input diagonal|k=0", lambda a: Tri(a.input, True, a.diagonal))
row("tril numpy.tril", "input diagonal|k=0", lambda a: Tri(a.input, False, a.diagonal))
row("bitwise_not", "input", lambda a: Not(a.input))
row("logical_not", "input", lambda a: Compare("==", a.input, Constant(0)))
for _name in ("and", "or", "xor"):
    row(f"logical_{_name} bitwise_{_name}", "input other", lambda a, n=_name: Pointwise(n, a.input, (a.other,)))  # type: ignore[misc]
for _name, _operator in {"eq": "==", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}.items():
    row(_name, "input other", lambda a, o=_operator: Compare(o, a.input, a.other))  # type: ignore[misc]
row("ne not_equal", "input other", lambda a: Not(Compare("==", a.input, a.other)))

# --- new tensors --------------------------------------------------------------------------------------------------


def _full(fill: float) -> Builder:
    return lambda a: Full(spread(a.rest), Constant(fill), _given(a.dtype))


def _full_like(fill: float) -> Builder:
    return lambda a: Full(None, Constant(fill), _given(a.dtype), a.input)


def _new_full(fill: float) -> Builder:
    return lambda a: Full(spread(a.rest), Constant(fill), _given(a.dtype), a.input)


def _given(value: Value) -> Value | None:
    return None if value is NONE else value


for _name, _fill in {"zeros": 0.0, "ones": 1.0}.items():
    row(f"torch.{_name}", "*size dtype", _full(_fill))
    row(f"numpy.{_name}", "*shape dtype", lambda a, f=_fill: Full(spread(a.rest), Constant(f), Unknown()))  # type: ignore[misc]
    row(f"torch.{_name}_like", "input dtype", _full_like(_fill))
    row(f".new_{_name}", "input *size dtype", _new_full(_fill))
row("torch.full", "size fill_value dtype", lambda a: Full(spread((a.size,)), a.fill_value, _given(a.dtype)))
row("torch.full_like", "input fill_value dtype", lambda a: Full(None, a.fill_value, _given(a.dtype), a.input))
row(
    ".new_full",
    "input size fill_value dtype",
    lambda a: Full(spread((a.size,)), a.fill_value, _given(a.dtype), a.input),
)
row(".fill", "input value", lambda a: Full(None, a.value, None, a.input))
row("torch.empty torch.rand torch.randn", "*size dtype", lambda a: Random(spread(a.rest), _given(a.dtype)))
for _name in ("torch.Tensor", "torch.FloatTensor"):
    row(_name, "*data", lambda a: FromData(a.rest[0]) if len(a.rest) == 1 else Random(a.rest))
row("torch.from_numpy", "data", lambda a: Cast(a.data, Unknown((a.data,))))
row("torch.tensor torch.as_tensor", "data dtype", lambda a: FromData(a.data, _given(a.dtype)))
row(
    "torch.arange",
    "start end step",
    lambda a: Arange(a.start if a.end is NONE else a.end if _is_zero(a.start) and a.step is NONE else None),
)


def _is_zero(value: Value) -> bool:
    return isinstance(value, Constant) and value.value == 0


row(
    "torch.nn.Parameter torch.nn.parameter.Parameter",
    "data requires_grad=True",
    lambda a: Learned(a.data, a.requires_grad),
)

# --- arithmetic ---------------------------------------------------------------------------------------------------

row("mul multiply", "input other", lambda a: Multiply(a.input, a.other))
row("div divide true_divide", "input other rounding_mode", lambda a: Divide(a.input, a.other))
row("floor_divide", "input other", lambda a: Divide(a.input, a.other))
row("add", "input other alpha=1", lambda a: Add(a.input, _scaled(a.other, a.alpha)))
row("sub subtract", "input other alpha=1", lambda a: Subtract(a.input, _scaled(a.other, a.alpha)))
row("neg negative", "input", lambda a: Negate(a.input))
row("pow math.pow numpy.power builtins.pow", "input exponent", lambda a: Power(a.input, a.exponent))
row("sqrt math.sqrt numpy.sqrt cmath.sqrt math.isqrt", "input", lambda a: Power(a.input, Constant(0.5)))
row("rsqrt", "input", lambda a: Power(a.input, Constant(-0.5)))
row("square", "input", lambda a: Power(a.input, Constant(2)))
row("reciprocal", "input", lambda a: Power(a.input, Constant(-1)))


def _scaled(value: Value, factor: Value) -> Value:
    return value if isinstance(factor, Constant) and factor.value == 1 else Multiply(value, factor)


for _name in ("exp", "log", "log1p", "abs", "tanh", "sigmoid", "relu", "sin", "cos", "erf", "sign", "floor", "ceil"):
    row(f"{_name} F.{_name} math.{_name} numpy.{_name}", "input", lambda a, n=_name: Pointwise(n, a.input))  # type: ignore[misc]
row("torch.nan_to_num .nan_to_num", "input nan", lambda a: Pointwise("nan_to_num", a.input))
row("clamp clip", "input min max", lambda a: Pointwise("clamp", a.input, (a.min, a.max)))
row("F.gelu F.silu F.elu F.leaky_relu F.softplus F.hardtanh", "input", lambda a: Pointwise("activation", a.input))

for _name in ("max", "min"):
    row(_name, "input dim|axis keepdim=False", lambda a, n=_name: _extreme(n, a))  # type: ignore[misc]
for _name in ("sum", "mean", "amax", "amin", "norm", "logsumexp", "std", "var", "argmax", "prod"):
    row(_name, "input dim|axis keepdim=False", lambda a, n=_name: Reduce(a.input, n, a.dim, a.keepdim))  # type: ignore[misc]


def _extreme(name: str, a: Arguments) -> Value:
    """With an axis, a pair of the values and where they are."""
    reduced = Reduce(a.input, name, a.dim, a.keepdim)
    return reduced if a.dim is NONE else Items((reduced, Unknown((a.input,))))


# --- casts --------------------------------------------------------------------------------------------------------

DTYPES = {
    "half": "float16", "bfloat16": "bfloat16", "float": "float32", "double": "float64", "bool": "bool",
    "int": "int32", "long": "int64", "byte": "uint8", "short": "int16",
}  # fmt: skip
for _name, _dtype in DTYPES.items():
    row("." + _name, "input", lambda a, d=_dtype: Cast(a.input, External(f"torch.{d}")))  # type: ignore[misc]


def _to(a: Arguments) -> Value:
    """``.to(dtype)``, ``.to(device)``, ``.to(other)``, ``.to(device, dtype)``, ``dtype=``."""
    given = a.dtype if a.dtype is not NONE else None
    for candidate in (given, *a.rest):
        if candidate is None:
            continue
        inner = strip(candidate)
        if isinstance(inner, External) and inner.path.rpartition(".")[2] in DTYPE_NAMES:
            return Cast(a.input, candidate)
        if is_dtype_read(inner):
            return Cast(a.input, candidate)
    moved = all(is_device(value) for value in a.rest)
    if given is None and len(a.rest) == 1 and not moved:
        return Cast(a.input, Attribute(a.rest[0], "dtype"))
    return a.input if given is None and moved else Cast(a.input, Unknown((a.input, *a.rest)))


def is_dtype_read(value: Value) -> bool:
    """``x.dtype`` of some tensor."""
    return isinstance(value, Attribute) and value.member == "dtype"


def is_device(value: Value) -> bool:
    """A device, by what it is: a string, ``torch.device(…)``, ``x.device``."""
    inner = strip(value)
    if isinstance(inner, Constant):
        return isinstance(inner.value, (str, bool, type(None)))
    return isinstance(inner, Attribute) and inner.member == "device"


DTYPE_NAMES = frozenset({*DTYPES.values(), "half", "float", "double", "long", "int", "int8"})
row(".to", "input *rest dtype", _to)
row(".type_as", "input other", lambda a: Cast(a.input, Attribute(a.other, "dtype")))
row(".type", "input dtype", lambda a: Cast(a.input, a.dtype))

# --- softmax, dropout, norms --------------------------------------------------------------------------------------

row("softmax torch.special.softmax", "input dim|axis dtype", lambda a: Softmax(a.input, a.dim, a.dtype))
row("F.softmax", "input dim|axis _stacklevel dtype", lambda a: Softmax(a.input, a.dim, a.dtype))
row("F.log_softmax log_softmax", "input dim _stacklevel dtype", lambda a: Pointwise("log_softmax", a.input))
row("F.dropout torch.dropout F.alpha_dropout", "input p training=True", lambda a: Dropout(a.input, a.p, a.training))
row("F.linear", "input weight bias", lambda a: Unknown((a.input, a.weight)))
row(
    "F.normalize",
    "input p dim=1",
    lambda a: Normalize(a.input, "l2" if a.p is NONE or _is_two(a.p) else "other", a.dim),
)
row("F.layer_norm", "input normalized_shape", lambda a: Normalize(a.input, "layer", None, a.normalized_shape))
row("F.rms_norm", "input normalized_shape", lambda a: Normalize(a.input, "rms", None, a.normalized_shape))
row("F.pad", "input pad mode value", lambda a: Unknown((a.input,)))
row("F.embedding", "input weight", lambda a: Embedding(a.input, Unknown((a.weight,))))


def _is_two(value: Value) -> bool:
    return bool(literal(value) == 2)


# --- fused attention ----------------------------------------------------------------------------------------------

row(
    "F.scaled_dot_product_attention torch._C._nn.scaled_dot_product_attention",
    "query key value attn_mask dropout_p=0 is_causal=False scale enable_gqa=False",
    lambda a: Sdpa(a.query, a.key, a.value, a.attn_mask, a.dropout_p, a.is_causal, a.scale, a.enable_gqa),
)


def _flash(query: Value, key: Value, value: Value, a: Arguments) -> Value:
    return Flash(query, key, value, a.dropout_p, a.softmax_scale, a.causal, NONE, "flash_attn")


def _packed(value: Value, part: int) -> Value:
    """Query, key or value of a packed tensor (batch, tokens, 3, heads, head_dim)."""
    return Select(value, Constant(-3), Constant(part))


_LENGTHS = "cu_seqlens_q cu_seqlens_k max_seqlen_q max_seqlen_k"
_OPTIONS = "dropout_p=0 softmax_scale causal=False"
for _name, _signature in {
    "flash_attn_func": f"q k v {_OPTIONS}",
    "flash_attn_varlen_func": f"q k v {_LENGTHS} {_OPTIONS}",
    "flash_attn_qkvpacked_func": f"qkv {_OPTIONS}",
    "flash_attn_varlen_qkvpacked_func": f"qkv cu_seqlens max_seqlen {_OPTIONS}",
    "flash_attn_kvpacked_func": f"q kv {_OPTIONS}",
    "flash_attn_varlen_kvpacked_func": f"q kv {_LENGTHS} {_OPTIONS}",
}.items():
    row(
        f"flash_attn.{_name} flash_attn.flash_attn_interface.{_name} flash_attn_interface.{_name}",
        _signature,
        lambda a: (
            _flash(_packed(a.qkv, 0), _packed(a.qkv, 1), _packed(a.qkv, 2), a)
            if "qkv" in a
            else _flash(a.q, _packed(a.kv, 0), _packed(a.kv, 1), a)
            if "kv" in a
            else _flash(a.q, a.k, a.v, a)
        ),
    )
row(
    "xformers.ops.memory_efficient_attention xformers.ops.fmha.memory_efficient_attention",
    "query key value attn_bias p=0 scale",
    lambda a: Flash(a.query, a.key, a.value, a.p, a.scale, Unknown(), a.attn_bias, "xformers"),
)

DISPATCHERS = {
    "dispatch_attention_fn": Signature.parse("query key value attn_mask dropout_p=0 is_causal=False scale"),
    "attention_interface": Signature.parse(
        "module query key value attention_mask|attn_mask scaling|scale dropout=0 is_causal"
    ),
}
"""Dispatchers that live in another module, by the name they are published under, with their signatures."""


def dispatched(a: Arguments) -> Value:
    """The sink that a dispatcher's call becomes."""
    mask, dropout, scale = (
        (a.attn_mask, a.dropout_p, a.scale) if "attn_mask" in a else (a.attention_mask, a.dropout, a.scaling)
    )
    return Dispatched(a.query, a.key, a.value, mask, dropout, scale, a.is_causal)


def subscript(x: Value, keys: tuple[Value, ...]) -> Value:
    """``x[keys]`` on a tensor: integers in front are selections, the rest stays an index."""
    if len(keys) == 1 and isinstance(literal(keys[0]), int):
        return Select(x, Constant(0), strip(keys[0]))
    return Index(x, tuple(strip(k) if isinstance(strip(k), (Slicing, Constant)) else k for k in keys))
