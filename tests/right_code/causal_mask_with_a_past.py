"""With a cache the diagonal is shifted by the past: queries are the last rows of the square."""

import math

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x, past_k, past_v):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        k, v = torch.cat([past_k, k], dim=1), torch.cat([past_v, v], dim=1)
        i, j = q.size(1), k.size(1)
        hidden = torch.ones(i, j, dtype=torch.bool).triu(j - i + 1)
        scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(q.size(-1))
        return torch.matmul(torch.softmax(scores.masked_fill(hidden, float("-inf")), dim=-1), v)


def inputs():
    return torch.randn(2, 3, 32), torch.randn(2, 4, 32), torch.randn(2, 4, 32)
