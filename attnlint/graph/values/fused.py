"""Attention computed by one call: of torch, of a kernel's library, of a dispatcher.

Arguments that were not given are ``Constant(None)``.
"""

from __future__ import annotations

from dataclasses import dataclass

from attnlint.graph.values.base import Value


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
