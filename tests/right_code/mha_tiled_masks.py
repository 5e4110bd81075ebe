"""Masks that are to be tiled: one for each head, for all samples alike; and one for all samples and heads."""

import torch
from torch import nn

from attnlint.invariants import batch_independent


class RelativeBias(nn.Module):
    def __init__(self, dim=32, heads=4, length=5):
        super().__init__()
        self.heads = heads
        self.bias = nn.Parameter(torch.randn(heads, length, length))
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)

    def forward(self, x):
        B, T, _ = x.shape
        hidden = torch.ones(T, T, dtype=torch.bool).triu(1)
        x = x + self.attn(x, x, x, attn_mask=self.bias.repeat(B, 1, 1))[0]
        return self.attn(x, x, x, attn_mask=hidden.unsqueeze(0).repeat(B * self.heads, 1, 1))[0]


def inputs():
    return (torch.randn(3, 5, 32),)


INVARIANTS = (batch_independent(),)
