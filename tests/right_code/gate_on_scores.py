"""A learned, sigmoid gate multiplied onto the scores is no mask of zeros and ones."""

import math

import torch
from torch import nn


class GatedScores(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.gate = nn.Linear(dim, heads)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        gate = self.gate(x).sigmoid().transpose(1, 2).unsqueeze(-1)
        scores = q @ k.mT / math.sqrt(c // self.heads) * gate
        return (scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return (torch.randn(2, 5, 32),)
