"""One sequence without a batch: nn.MultiheadAttention wants a mask for each head, and there is one for all."""

import torch
from torch import nn

from attnlint.invariants import causal


class OneSequence(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.attn = nn.MultiheadAttention(dim, heads)

    def forward(self, x):
        T, _ = x.shape
        hidden = torch.ones(T, T, dtype=torch.bool).triu(1)[None]
        return self.attn(x, x, x, attn_mask=hidden.repeat(self.heads, 1, 1), need_weights=False)[0]


def inputs():
    return (torch.randn(5, 32),)


INVARIANTS = (causal(),)
