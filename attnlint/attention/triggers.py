"""What a file must hold so that it can hold an attention site."""

SITE = (
    r"(?<![A-Za-z_])[sS]oftmax\b",
    r"scaled_dot_product_attention",
    r"MultiheadAttention",
    r"flash_attn",
    r"memory_efficient_attention",
    r"attention_interface",
    r"dispatch_attention_fn",
)
"""Triggers of rules that look at attention sites."""
