"""The function stands in a table beside another, whose signature it has to have."""

from collections.abc import Callable

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


def eager_attention(q, k, v, mask=None, scale=None):
    s = q @ k.mT * (scale or q.size(-1) ** -0.5)
    if mask is not None:
        s = s + mask
    return s.softmax(-1) @ v


def full_attention(q, k, v, mask=None, scale=None):
    return F.scaled_dot_product_attention(q, k, v, scale=scale)


BACKENDS: dict[str, Callable] = {"eager": eager_attention, "full": full_attention}


class Dispatch(Projected):
    def __init__(self, backend="eager"):
        super().__init__()
        self.attn = BACKENDS[backend]

    def forward(self, x, mask=None):
        q, k, v = self.split(x)
        return self.merge(self.attn(q, k, v, mask=mask))


def inputs():
    return (torch.randn(2, 6, 32),)
