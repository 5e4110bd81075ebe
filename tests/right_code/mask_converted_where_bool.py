"""A mask of bools is turned into −inf where it is one: what is added is no bool."""

import math

import torch
from torch import nn

from attnlint.invariants import causal


class Attention(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x, mask=None):
        t = x.size(1)
        if mask is None:
            mask = torch.tril(torch.ones(t, t, dtype=torch.bool))
        if mask.dtype == torch.bool:
            mask = torch.where(mask.logical_not(), -2.3819763e38, 0)
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(q.size(-1))
        return torch.matmul(torch.softmax(scores + mask, dim=-1), v)


def inputs():
    return (torch.randn(2, 5, 32),)


INVARIANTS = (causal(),)
