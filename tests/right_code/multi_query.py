"""Multi-query attention: one key and value head for all queries, repeated on an extent of one."""

import torch
from torch import nn


class MultiQueryAttention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.head_dim = dim // heads
        self.to_q = nn.Linear(dim, dim)
        self.to_kv = nn.Linear(dim, 2 * self.head_dim)

    def forward(self, x):
        b, n, c = x.shape
        q = self.to_q(x).view(b, n, self.heads, self.head_dim).transpose(1, 2)
        k, v = self.to_kv(x).split(self.head_dim, dim=-1)
        k, v = k.unsqueeze(1).repeat(1, self.heads, 1, 1), v.unsqueeze(1).expand(-1, self.heads, -1, -1)
        scores = q @ k.mT * self.head_dim**-0.5
        return (scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return (torch.randn(2, 5, 32),)
