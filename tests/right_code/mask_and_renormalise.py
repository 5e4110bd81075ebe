"""The mask goes onto the weights, which are divided by their sum again."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from attnlint.invariants import padding_ignored


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x, mask):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        weights = F.softmax(q @ k.mT / math.sqrt(q.size(-1)), dim=-1)
        weights = weights * mask[:, None, None, :]
        weights = weights / weights.sum(dim=-1, keepdim=True).clamp(min=1e-6)
        return (weights @ v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return torch.randn(2, 5, 32), torch.arange(5) < torch.tensor([[5], [3]])


INVARIANTS = (padding_ignored(),)
