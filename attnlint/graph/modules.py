"""torch's own modules: constructor signatures, and what a call of the module computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from attnlint.graph.machine import CallArguments
from attnlint.graph.signatures import Signature, spread
from attnlint.graph.values import (
    NONE,
    Attribute,
    Constant,
    Convolution,
    Dropout,
    Embedding,
    Flatten,
    Linear,
    MultiHead,
    Normalize,
    Pointwise,
    Rearrange,
    Recurrent,
    Softmax,
    TorchModule,
    TransformerCall,
    Unflatten,
    Unknown,
    Value,
    strip,
)

Apply: TypeAlias = Callable[[TorchModule, Value, CallArguments], Value]


@dataclass(frozen=True)
class ModuleRow:
    """A module's constructor, and the value that calling it makes from its first argument."""

    signature: Signature
    apply: Apply


MODULES: dict[str, ModuleRow] = {}
"""Rows by qualified path."""


def module(paths: str, signature: str, apply: Apply) -> None:
    """Add a row for each path; a path without a dot is in ``torch.nn``."""
    entry = ModuleRow(Signature.parse(signature), apply)
    for path in paths.split():
        MODULES[path if "." in path else f"torch.nn.{path}"] = entry
        if "." not in path:
            MODULES[f"torch.nn.modules.{path}"] = entry


def _given(m: TorchModule, name: str) -> Value:
    return m.argument(name) or NONE


module(
    "Linear torch.nn.modules.linear.Linear",
    "in_features out_features bias=True",
    lambda m, x, a: Linear(x, _given(m, "in_features"), _given(m, "out_features"), m),
)
module("LazyLinear", "out_features bias=True", lambda m, x, a: Linear(x, Unknown(), _given(m, "out_features"), m))
for _axes in (1, 2, 3):
    module(
        f"Conv{_axes}d",
        "in_channels out_channels kernel_size stride=1",
        lambda m, x, a, n=_axes: Convolution(x, _given(m, "in_channels"), _given(m, "out_channels"), n),  # type: ignore[misc]
    )
module("Dropout Dropout1d Dropout2d AlphaDropout", "p", lambda m, x, a: Dropout(x, m.argument("p") or Constant(0.5)))
module("Softmax", "dim", lambda m, x, a: Softmax(x, m.argument("dim") or Attribute(m, "dim", NONE), NONE))
module("Identity", "*args", lambda m, x, a: x)
module("LayerNorm", "normalized_shape", lambda m, x, a: Normalize(x, "layer", None, m.argument("normalized_shape")))
module("RMSNorm", "normalized_shape", lambda m, x, a: Normalize(x, "rms", None, m.argument("normalized_shape")))
module(
    "BatchNorm1d BatchNorm2d GroupNorm InstanceNorm1d InstanceNorm2d SyncBatchNorm",
    "*args",
    lambda m, x, a: Normalize(x, "other"),
)
module("Embedding", "num_embeddings embedding_dim", lambda m, x, a: Embedding(x, _given(m, "embedding_dim")))
module("GELU SiLU Mish ELU LeakyReLU Hardswish", "*args", lambda m, x, a: Pointwise("activation", x))
for _name, _function in {"ReLU": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid"}.items():
    module(_name, "*args", lambda m, x, a, f=_function: Pointwise(f, x))  # type: ignore[misc]
module("Flatten", "start_dim=1 end_dim=-1", lambda m, x, a: Flatten(x, _given(m, "start_dim"), _given(m, "end_dim")))
module(
    "Unflatten",
    "dim unflattened_size",
    lambda m, x, a: Unflatten(x, _given(m, "dim"), spread((_given(m, "unflattened_size"),))),
)


def _rearrange(m: TorchModule, x: Value, a: CallArguments) -> Value:
    pattern = strip(_given(m, "pattern"))
    if not (isinstance(pattern, Constant) and isinstance(pattern.value, str)):
        return Unknown((x,))
    sizes = {n: v for n, v in zip(m.names, m.arguments, strict=True) if n != "pattern"}
    return Rearrange(x, pattern.value, tuple(sizes), tuple(sizes.values()))


module("einops.layers.torch.Rearrange", "pattern", _rearrange)

_MHA = Signature.parse(
    "query key value key_padding_mask need_weights=True attn_mask average_attn_weights=True is_causal=False"
)


def _multi_head(m: TorchModule, x: Value, a: CallArguments) -> Value:
    bound = _MHA.bind(a.positional, a.keywords, a.open_ended)
    if bound is None:
        return Unknown((x,))
    return MultiHead(
        m, bound.query, bound.key, bound.value, bound.key_padding_mask, bound.need_weights, bound.attn_mask,
        bound.is_causal,
    )  # fmt: skip


module(
    "MultiheadAttention torch.nn.modules.activation.MultiheadAttention",
    "embed_dim num_heads dropout=0 bias=True add_bias_kv=False add_zero_attn=False kdim vdim batch_first=False",
    _multi_head,
)

_LAYER = "d_model nhead dim_feedforward dropout activation layer_norm_eps batch_first=False norm_first=False bias=True"


_INPUTS = ("src", "tgt", "memory")


def _transformer(text: str) -> Apply:
    """What a call with this signature becomes."""
    signature = Signature.parse(text)
    names = tuple(s.spellings[0] for s in signature.slots if s.spellings[0] not in _INPUTS)

    def apply(m: TorchModule, x: Value, a: CallArguments) -> Value:
        bound = signature.bind(a.positional, a.keywords, a.open_ended)
        if bound is None:
            return Unknown((x,))
        source, target, memory = (getattr(bound, name) if name in bound else NONE for name in _INPUTS)
        return TransformerCall(m, source, target, memory, names, tuple(getattr(bound, name) for name in names))

    return apply


_OF_DECODER = "tgt_mask memory_mask tgt_key_padding_mask memory_key_padding_mask"
for _name, _constructor, _call in (
    ("TransformerEncoderLayer", _LAYER, "src src_mask src_key_padding_mask is_causal=False"),
    ("TransformerDecoderLayer", _LAYER, f"tgt memory {_OF_DECODER} tgt_is_causal=False memory_is_causal=False"),
    ("TransformerEncoder", "encoder_layer num_layers norm", "src mask src_key_padding_mask is_causal"),
    (
        "TransformerDecoder",
        "decoder_layer num_layers norm",
        f"tgt memory {_OF_DECODER} tgt_is_causal memory_is_causal=False",
    ),
    (
        "Transformer",
        "d_model=512 nhead=8 num_encoder_layers=6 num_decoder_layers=6 dim_feedforward dropout activation "
        "custom_encoder custom_decoder layer_norm_eps batch_first=False norm_first=False bias=True",
        "src tgt src_mask tgt_mask memory_mask src_key_padding_mask tgt_key_padding_mask memory_key_padding_mask "
        "src_is_causal tgt_is_causal memory_is_causal=False",
    ),
):
    module(f"{_name} torch.nn.modules.transformer.{_name}", _constructor, _transformer(_call))

for _name in ("LSTM", "GRU", "RNN"):
    module(
        f"{_name} torch.nn.modules.rnn.{_name}",
        "input_size hidden_size num_layers=1 bias=True batch_first=False dropout bidirectional=False",
        lambda m, x, a: Recurrent(x, m),
    )
