"""Mistral's window: two triangles joined, as a bool mask for the fused call."""

import torch
from torch import nn
from torch.nn import functional as F

from attnlint.invariants import causal


class SlidingWindowAttention(nn.Module):
    def __init__(self, dim=32, heads=4, window=2):
        super().__init__()
        self.heads = heads
        self.window = window
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        ones = torch.ones(n, n, dtype=torch.bool, device=x.device)
        keep = torch.tril(ones) & torch.triu(ones, diagonal=-self.window)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=keep)
        return y.transpose(1, 2).reshape(b, n, c)


def inputs():
    return (torch.randn(2, 5, 32),)


INVARIANTS = (causal(),)
