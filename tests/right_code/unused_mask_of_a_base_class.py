"""An override takes what the base class declares; this kind of attention has nothing to hide."""

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def forward(self, q, k, v, attn_mask=None):
        raise NotImplementedError


class MemoryAttention(Attention):
    def forward(self, q, k, v, attn_mask=None):
        return F.scaled_dot_product_attention(q, k, v)


def inputs():
    return torch.randn(2, 4, 5, 8), torch.randn(2, 4, 3, 8), torch.randn(2, 4, 3, 8)
