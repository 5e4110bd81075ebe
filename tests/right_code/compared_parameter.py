"""A triangle of ones as a parameter that is only compared gets no gradient; a learned bias is no mask."""

import math

import torch
from torch import nn

from attnlint.invariants import causal


class Attention(nn.Module):
    def __init__(self, dim=32, size=8):
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim)
        self.tril = nn.Parameter(torch.tril(torch.ones(size, size)))
        self.bias = nn.Parameter(torch.zeros(size, size))

    def forward(self, x):
        t = x.size(1)
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1)) + self.bias[:t, :t]
        scores = scores.masked_fill(self.tril[:t, :t] == 0, float("-inf"))
        return scores.softmax(dim=-1) @ v


def inputs():
    return (torch.randn(2, 5, 32),)


INVARIANTS = (causal(),)
