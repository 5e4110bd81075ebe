"""A learned score before the sequence is always visible: with it, strictly past is no NaN."""

import math

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim)
        self.null = nn.Parameter(torch.zeros(1, 1, 1))

    def forward(self, x):
        b, t, _ = x.shape
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(q.size(-1))
        scores = scores.masked_fill(torch.triu(torch.ones(t, t)) == 1, float("-inf"))
        scores = torch.cat([self.null.expand(b, t, 1), scores], dim=-1)
        return torch.matmul(torch.softmax(scores, dim=-1)[..., 1:], v)


def inputs():
    return (torch.randn(2, 5, 32),)
