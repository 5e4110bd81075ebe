"""ALBERT: one attention layer is applied many times over."""

import torch
from torch import nn


class AlbertStack(nn.Module):
    def __init__(self, dim=32, heads=4, depth=3):
        super().__init__()
        self.heads = heads
        self.depth = depth
        self.scale = (dim // heads) ** -0.5
        self.qkv = nn.Linear(dim, 3 * dim)

    def attend(self, x):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        return ((q @ k.mT * self.scale).softmax(-1) @ v).transpose(1, 2).reshape(b, n, c)

    def forward(self, x):
        for _ in range(self.depth):
            x = x + self.attend(x)
        return x


def inputs():
    return (torch.randn(2, 5, 32),)
