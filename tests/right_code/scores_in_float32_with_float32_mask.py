"""Scores upcast to float32, a float32 mask added, and the weights cast back before they meet the half value."""

import math

import torch
from torch import nn

from attnlint.invariants import causal


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).bfloat16().chunk(3, dim=-1))
        mask = torch.full((n, n), float("-inf"), dtype=torch.float32, device=x.device).triu(1)
        scores = (q @ k.mT).float() / math.sqrt(c // self.heads) + mask
        weights = scores.softmax(dim=-1).to(v.dtype)
        return (weights @ v).transpose(1, 2).reshape(b, n, c).to(x.dtype)


def inputs():
    return (torch.randn(2, 5, 32),)


INVARIANTS = (causal(),)
