"""Distances as scores: a large positive fill is negated before softmax, so it hides."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from attnlint.invariants import padding_ignored


class DistanceAttention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x, keep):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        energy = -(q @ k.mT) / math.sqrt(c // self.heads)
        energy = energy.masked_fill(~keep[:, None, None, :], 1e9)
        return (F.softmax(-energy, dim=-1) @ v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return torch.randn(2, 5, 32), torch.arange(5) < torch.tensor([[5], [3]])


INVARIANTS = (padding_ignored(),)
