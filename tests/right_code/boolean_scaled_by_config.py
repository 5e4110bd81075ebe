"""Scaling is a switch of the constructor, on by default."""

import math

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4, scale=True):
        super().__init__()
        self.heads = heads
        self.scale = scale
        self.c_attn = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.c_attn(x).split(c, dim=-1))
        w = torch.matmul(q, k.transpose(-1, -2))
        if self.scale:
            w = w / math.sqrt(v.size(-1))
        return (nn.functional.softmax(w, dim=-1) @ v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return (torch.randn(2, 5, 32),)
