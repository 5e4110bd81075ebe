""".T and .t() on matrices, which they are for; einsum and .mT elsewhere."""

import math

import torch
from torch import nn

from attnlint.invariants import causal


class TiedAttention(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(dim, dim) / math.sqrt(dim))
        self.out = nn.Linear(dim, dim)

    def forward(self, x):
        T = x.shape[1]
        keep = (torch.triu(torch.ones(T, T)) == 1).T
        q = x @ self.weight.t()
        scores = (q @ x.mT) / math.sqrt(x.size(-1))
        scores = scores.masked_fill(~keep, float("-inf"))
        return scores.softmax(-1) @ (x @ self.out.weight.T)


def inputs():
    return (torch.randn(2, 5, 32),)


INVARIANTS = (causal(),)
