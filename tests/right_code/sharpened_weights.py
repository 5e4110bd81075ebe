"""Softmax of weights divided by a small temperature: they are sharpened on purpose, not flattened by accident."""

import torch
from torch import nn


class Sharpened(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        weights = (q @ k.mT / q.size(-1) ** 0.5).softmax(dim=-1)
        return (weights / 0.02).softmax(dim=-1) @ v


def inputs():
    return (torch.randn(2, 5, 32),)
