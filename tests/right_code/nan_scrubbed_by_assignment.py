"""What 0 · inf makes NaN is set to 0 before the mask is added."""

import torch
import torch.nn as nn


class Projected(nn.Module):
    def __init__(self, d=32, h=4):
        super().__init__()
        self.h, self.d = h, d // h
        self.scale = self.d**-0.5
        self.qkv = nn.Linear(d, 3 * d)

    def split(self, x):
        B, N, _ = x.shape
        return [t.view(B, N, self.h, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, -1)]

    def merge(self, o):
        return o.transpose(1, 2).flatten(2)


class NanFix(Projected):
    def forward(self, x):
        q, k, v = self.split(x)
        n = x.size(1)
        m = torch.triu(torch.ones(n, n), 1) * float("-inf")
        m[m != m] = 0
        return self.merge(((q @ k.mT) * self.d**-0.5 + m).softmax(-1) @ v)


def inputs():
    return (torch.randn(2, 6, 32),)
