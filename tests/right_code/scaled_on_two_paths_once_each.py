"""Two branches, each with its own factor: one for each path."""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4, upcast=False):
        super().__init__()
        self.heads = heads
        self.upcast = upcast
        self.scale = (dim // heads) ** -0.5
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        if self.upcast:
            q = q.float() * self.scale
        dots = q @ k.transpose(-2, -1)
        if not self.upcast:
            dots = dots * self.scale
        return (dots.softmax(-1).to(v.dtype) @ v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return (torch.randn(2, 5, 32),)
