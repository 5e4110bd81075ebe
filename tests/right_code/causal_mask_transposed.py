"""The upper triangle of ones, transposed, is what to keep: PyTorch's own recipe."""

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
        mask = (torch.triu(torch.ones(t, t)) == 1).transpose(0, 1)
        mask = mask.float().masked_fill(mask == 0, float("-inf")).masked_fill(mask == 1, 0.0)
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        scores = torch.bmm(q, k.transpose(1, 2)) / math.sqrt(q.size(-1))
        return torch.bmm(torch.softmax(scores + mask, dim=-1), v)


def inputs():
    return (torch.randn(2, 5, 32),)


INVARIANTS = (causal(),)
