"""The weights multiply the key, and the value is read by a function, stored, returned or put in a list: it is used."""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.qkv = nn.Linear(dim, 4 * dim)
        self.extra = nn.Linear(dim, dim)
        self.other = nn.Linear(dim, dim)

    def forward(self, x):
        q, k, v, w = self.qkv(x).chunk(4, dim=-1)
        self.kept = w
        extra, other = self.extra(x), self.other(x)
        listed = {}
        listed["other"] = other

        def averaged():
            return v.mean(dim=1)

        out = (q @ k.mT / q.size(-1) ** 0.5).softmax(dim=-1) @ k
        return out + averaged()[:, None], extra


def inputs():
    return (torch.randn(2, 5, 32),)
