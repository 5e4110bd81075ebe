"""Scores outside of a window are zeroed for a statistic, and hidden with −inf before softmax all the same."""

import math

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4, window=3):
        super().__init__()
        self.heads = heads
        self.window = window
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        scores = q @ k.mT / math.sqrt(c // self.heads)
        position = torch.arange(n, device=x.device)
        outside = (position[:, None] - position[None, :]).abs() > self.window
        scores = scores.masked_fill(outside, 0.0)
        scores = scores.masked_fill(outside, float("-inf"))
        return (scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return (torch.randn(2, 7, 32),)
