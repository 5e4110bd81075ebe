"""Negative squared distances as scores: no dot product alone, no root of d asked for."""

import torch
from torch import nn


class DistanceAttention(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.q = nn.Linear(dim, dim)
        self.k = nn.Linear(dim, dim)
        self.v = nn.Linear(dim, dim)

    def forward(self, x):
        q, k, v = self.q(x), self.k(x), self.v(x)
        scores = -torch.cdist(q, k).pow(2) / 2
        return scores.softmax(dim=-1) @ v


def inputs():
    return (torch.randn(2, 5, 32),)
