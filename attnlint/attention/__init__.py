"""Attention sites: query·keyᵀ → {scale, masks, bias} → softmax → ·value, however it is written.

`site` holds what rules see, `trail` follows values backwards through what is transparent, `recognise` finds the sites
of a module's graphs, `arms` pairs those between which one setting decides.
"""

from attnlint.attention.arms import Arms, opposite_arms
from attnlint.attention.handed import NOTHING_HANDED, Handed, handed
from attnlint.attention.recognise import recognise
from attnlint.attention.site import AttentionPath, AttentionSite, Factor, MaskUse, Operand

__all__ = [
    "NOTHING_HANDED",
    "Arms",
    "AttentionPath",
    "AttentionSite",
    "Factor",
    "Handed",
    "MaskUse",
    "Operand",
    "handed",
    "opposite_arms",
    "recognise",
]
