"""A mask of random numbers on the weights is dropout, and one that drops small weights makes them sparse."""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        weights = (q @ k.mT / q.size(-1) ** 0.5).softmax(dim=-1)
        if self.training:
            weights = weights * (torch.rand(b, self.heads, 1, n) > 0.1) / 0.9
        weights = weights.masked_fill(weights < 0.01, 0.0)
        return (weights @ v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return (torch.randn(2, 5, 32),)
