"""The product is keys by queries and softmax runs down the columns: the upper triangle is what is kept."""

import math

import torch
from torch import nn

from attnlint.invariants import causal


class Attention(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        t = x.size(1)
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        scores = torch.matmul(k, q.transpose(-2, -1)) / math.sqrt(q.size(-1))
        keep = torch.triu(torch.ones(t, t))
        weights = torch.softmax(scores.masked_fill(keep == 0, float("-inf")), dim=-2)
        return torch.matmul(weights.transpose(-2, -1), v)


def inputs():
    return (torch.randn(2, 5, 32),)


INVARIANTS = (causal(),)
