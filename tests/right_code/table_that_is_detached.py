"""The parameter is detached where it is used: no gradient reaches it."""

import torch
import torch.nn as nn


class D(nn.Module):
    def __init__(self, d=32, h=4, n=64):
        super().__init__()
        self.h = h
        self.qkv = nn.Linear(d, 3 * d)
        self.mask = nn.Parameter(torch.full((n, n), float("-inf")).triu(1))

    def forward(self, x):
        B, N, C = x.shape
        q, k, v = (t.view(B, N, self.h, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, -1))
        s = q @ k.mT * q.size(-1) ** -0.5 + self.mask[:N, :N].detach()
        return (s.softmax(-1) @ v).transpose(1, 2).reshape(B, N, C)


def inputs():
    return (torch.randn(2, 6, 32),)
