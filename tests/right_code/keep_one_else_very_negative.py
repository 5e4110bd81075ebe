"""A mask of +1 for kept and −1e9 for the others: softmax does not see the common +1."""

import math

import torch
from torch import nn

from attnlint.invariants import padding_ignored


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x, keep):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        bias = keep.float().masked_fill(keep == 0, -1e9).masked_fill(keep == 1, 1.0)
        scores = q @ k.mT / math.sqrt(c // self.heads) + bias[:, None, None, :]
        return (scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return torch.randn(2, 5, 32), torch.arange(5) < torch.tensor([[5], [3]])


INVARIANTS = (padding_ignored(),)
