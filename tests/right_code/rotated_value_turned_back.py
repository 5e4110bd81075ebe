"""The output is turned back by the angles that the values were turned by: relative values."""

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


def rotate_half(x):
    a, b = x.chunk(2, -1)
    return torch.cat((-b, a), -1)


def rope(x, cos, sin):
    return x * cos + rotate_half(x) * sin


def angles(pos, d):
    f = 1.0 / 10000 ** (torch.arange(0, d, 2).float() / d)
    e = torch.outer(pos.float(), f)
    e = torch.cat((e, e), -1)
    return e.cos(), e.sin()


class RopeValuePE(Projected):
    """RoPE on values and inverse on the output (relative values)"""

    def forward(self, x):
        T = x.size(1)
        cos, sin = angles(torch.arange(T), self.d)
        q, k, v = (rope(t, cos, sin) for t in self.split(x))
        o = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.merge(o * cos - rotate_half(o) * sin)


def inputs():
    return (torch.randn(2, 6, 32),)
