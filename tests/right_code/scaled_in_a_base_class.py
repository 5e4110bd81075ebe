"""The scale is set by a base class, the product taken by a method of it, and the subclass masks."""

import math

import torch
from torch import nn

from attnlint.invariants import causal


class BaseAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.scale = math.sqrt(dim // heads)
        self.qkv = nn.Linear(dim, 3 * dim)

    def scores(self, q, k):
        return torch.matmul(q, k.transpose(-2, -1)) / self.scale

    def split(self, x):
        b, n, _ = x.shape
        return (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))


class CausalAttention(BaseAttention):
    def __init__(self, dim=32, heads=4, max_len=16):
        super().__init__(dim, heads)
        self.register_buffer("mask", torch.ones(max_len, max_len, dtype=torch.bool).triu(1), persistent=False)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.split(x)
        scores = self.scores(q, k).masked_fill(self.mask[:n, :n], torch.finfo(q.dtype).min)
        return (scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return (torch.randn(2, 5, 32),)


INVARIANTS = (causal(),)
