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
    Softmax,
    TorchModule,
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
