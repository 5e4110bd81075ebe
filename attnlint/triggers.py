"""What a file must hold so that it can hold an attention site."""

SITE = (
    r"softmax(?<![A-Za-z_]softmax)(?=[ \t]*(?:[(,)=\\#]|$)|[ \t]+as\b)",
    r"Softmax(?<![A-Za-z_]Softmax)[ \t]*(?:[(,)]|$)",
    r"log_softmax\([^\n]{0,400}\)\.exp\(",
    r"scaled_dot_product_attention",
    r"MultiheadAttention(?=[ \t]*(?:[(,)]|$)|[ \t]+as\b)",
    r"TransformerEncoder(?:Layer)?(?=[ \t]*(?:[(,)]|$)|[ \t]+as\b)",
    r"TransformerDecoder(?:Layer)?(?=[ \t]*(?:[(,)]|$)|[ \t]+as\b)",
    r"nn\.Transformer(?=[ \t]*(?:[(,)]|$)|[ \t]+as\b)",
    r"flash_attn_\w*func",
    r"memory_efficient_attention",
    r"attention_interface",
    r"dispatch_attention_fn",
)
"""Triggers of rules that look at attention sites."""

HEADS = (
    r"\.view\([^()\n]{0,200}\*[^()\n]{0,200},[ \t]*-1[ \t]*,",
    r"\.reshape\([^()\n]{0,200}\*[^()\n]{0,200},[ \t]*-1[ \t]*,",
)
"""Triggers of rules about heads that are split off far from any site: ``view(B * H, -1, D)``."""
