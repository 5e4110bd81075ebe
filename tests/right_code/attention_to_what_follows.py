"""Half of the heads attend backwards and half forwards: the triangle above the diagonal is one of two."""

import math

import torch
from torch import nn


class Directional(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim)

    def attend(self, q, k, v, keep):
        scores = (q @ k.transpose(-2, -1)) / math.sqrt(q.size(-1))
        return scores.masked_fill(keep == 0, float("-inf")).softmax(dim=-1) @ v

    def forward(self, x):
        t = x.size(1)
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        backward = torch.tril(torch.ones(t, t))
        forward = torch.triu(torch.ones(t, t))
        return torch.cat([self.attend(q, k, v, backward), self.attend(q, k, v, forward)], dim=-1)


def inputs():
    return (torch.randn(2, 5, 32),)
