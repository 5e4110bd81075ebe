"""What a file must hold so that it can hold an attention site."""

SITE = (
    r"softmax(?<![A-Za-z_]softmax)(?=[ \t]*(?:[(,)=\\#]|$)|[ \t]+as\b)",
    r"Softmax(?<![A-Za-z_]Softmax)[ \t]*(?:[(,)]|$)",
    r"log_softmax\([^\n]*\)\.exp\(",
    r"scaled_dot_product_attention",
    r"MultiheadAttention[ \t]*(?:[(,)]|$)",
    r"flash_attn_\w*func",
    r"memory_efficient_attention",
    r"attention_interface",
    r"dispatch_attention_fn",
)
"""Triggers of rules that look at attention sites."""
