"""Rows of fused attention, and the dispatchers that libraries publish."""

from __future__ import annotations

from attnlint.graph.ops.table import row
from attnlint.graph.signatures import Arguments, Signature
from attnlint.graph.values import (
    NONE,
    Constant,
    Dispatched,
    Flash,
    KernelChoice,
    Sdpa,
    Select,
    Spread,
    Unknown,
    Value,
)

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


def _kernels(a: Arguments) -> Value:
    """Flags by name or in their order, True where not given; after ``*x`` none is known."""
    if any(isinstance(value, Spread) for value in a.rest):
        return KernelChoice(Unknown(), Unknown(), Unknown(), Unknown())
    named = (a.enable_flash, a.enable_math, a.enable_mem_efficient, a.enable_cudnn)
    return KernelChoice(*a.rest[:4], *named[len(a.rest) :])


row(
    "torch.backends.cuda.sdp_kernel",
    "*flags enable_flash=True enable_math=True enable_mem_efficient=True enable_cudnn=True",
    _kernels,
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
