"""Squared ReLU in place of softmax: zeros are zero weight, so a multiplied mask is right."""

import torch
from torch import nn
from torch.nn import functional as F

from attnlint.invariants import causal


class ReluAttention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        scores = (q @ k.mT) / n
        weights = F.relu(scores).square().tril().masked_fill(torch.ones(n, n).triu(1).bool(), 0)
        return (weights @ v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return (torch.randn(2, 5, 32),)


INVARIANTS = (causal(),)
