"""xformers: (B, T, H, D), p gated, its own lower-triangular mask."""

import torch
import xformers.ops as xops
from torch import nn


class MemoryEfficientAttention(nn.Module):
    def __init__(self, dim=32, heads=4, dropout=0.1):
        super().__init__()
        self.heads = heads
        self.attn_drop = dropout
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).unbind(2)
        p = self.attn_drop if self.training else 0.0
        y = xops.memory_efficient_attention(q, k, v, attn_bias=xops.LowerTriangularMask(), p=p)
        return y.reshape(b, n, c)


def inputs():
    return (torch.randn(2, 5, 32),)
