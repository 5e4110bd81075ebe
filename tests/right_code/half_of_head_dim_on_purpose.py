"""Brackets say that the first power, halved, is meant: a deliberate d / 2 beside a root."""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        head_dim = dim // heads
        self.rotary_dim = head_dim**1 // 2
        self.scale = (head_dim / 2) ** -0.5
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        q, k = q[..., self.rotary_dim :], k[..., self.rotary_dim :]
        return ((q @ k.mT * self.scale).softmax(-1) @ v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return (torch.randn(2, 5, 32),)
