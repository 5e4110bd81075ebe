"""Rows that see nothing are NaN after softmax; zeros are filled into the weights, not into the scores."""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.scale = (dim // heads) ** -0.5
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x, keep):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        scores = q @ k.transpose(-2, -1) * self.scale
        mask = ~keep[:, None, None, :]
        scores = scores.masked_fill(mask, float("-inf"))
        weights = torch.softmax(scores, dim=-1).masked_fill(mask, 0.0)
        return (weights @ v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return torch.randn(2, 5, 32), torch.arange(5) < torch.tensor([[5], [0]])
