"""One of two models reads from the end, and says so to its constructor."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Projected(nn.Module):
    def __init__(self, d=32, h=4):
        super().__init__()
        self.h, self.d = h, d // h
        self.qkv = nn.Linear(d, 3 * d)

    def split(self, x):
        B, N, _ = x.shape
        return [t.view(B, N, self.h, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, -1)]

    def merge(self, o):
        return o.transpose(1, 2).flatten(2)


class BackAttn(Projected):
    def __init__(self, d=32, h=4, reverse=False):
        super().__init__(d, h)
        m = torch.full((16, 16), float("-inf"))
        self.register_buffer("m", m.tril(-1) if reverse else m.triu(1), persistent=False)

    def forward(self, x):
        q, k, v = self.split(x)
        n = x.size(1)
        return self.merge(F.scaled_dot_product_attention(q, k, v, self.m[:n, :n]))


class BiLM(nn.Module):
    def __init__(self):
        super().__init__()
        self.f, self.b = BackAttn(), BackAttn(reverse=True)

    def forward(self, x):
        return torch.cat([self.f(x), self.b(x)], -1)


def inputs():
    return (torch.randn(2, 6, 32),)
