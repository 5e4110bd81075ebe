"""A mask that the documentation says is not used, and one that is deleted."""

import torch
from torch.nn import functional as F


def image_attention(q, k, v, attention_mask=None):
    """Patches have no padding: the mask is not used, and taken for the sake of the text model's callers."""
    return F.scaled_dot_product_attention(q, k, v)


def attention(q, k, v, attention_mask=None):
    del attention_mask
    return image_attention(q, k, v) + F.scaled_dot_product_attention(q, k, v)


def inputs():
    return torch.randn(2, 4, 5, 8), torch.randn(2, 4, 5, 8), torch.randn(2, 4, 5, 8)
