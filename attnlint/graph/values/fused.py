"""Attention computed by one call: of torch, of a kernel's library, of a dispatcher.

Arguments that were not given are ``Constant(None)``.
"""

from __future__ import annotations

from dataclasses import dataclass

from attnlint.graph.values.base import NONE, Value


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
    """A call of ``nn.MultiheadAttention``; its result is a tuple of an `Output` and `Weights`."""

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


@dataclass(eq=False, slots=True)
class TransformerCall(Value):
    """A call of torch's Transformer, of its encoder or decoder, or of one of their layers.

    ``source`` is what an encoder reads, ``target`` what a decoder reads, ``memory`` what it attends to beside that.
    The masks are told by the names that the call's own signature has for them.
    """

    module: Value
    source: Value
    target: Value
    memory: Value
    names: tuple[str, ...]
    arguments: tuple[Value, ...]

    @property
    def stream(self) -> Value:
        """The tensor whose shape the result has."""
        return self.source if self.target is NONE else self.target


@dataclass(eq=False, slots=True)
class Recurrent(Value):
    """A call of ``nn.LSTM``, ``nn.GRU`` or ``nn.RNN``; its result is a tuple of an `Output` and the last state."""

    x: Value
    module: Value


@dataclass(eq=False, slots=True)
class Output(Value):
    """The tensor that a `MultiHead` or a `Recurrent` returns first."""

    call: Value


@dataclass(eq=False, slots=True)
class Weights(Value):
    """The weights that a `MultiHead` returns second; None where it is told that they are not needed."""

    call: Value


@dataclass(eq=False, slots=True)
class KernelChoice(Value):
    """``torch.backends.cuda.sdp_kernel``: whether SDPA may use flash, math, memory-efficient and cuDNN kernels."""

    flash: Value
    math: Value
    efficient: Value
    cudnn: Value
