"""Whole heads are switched off: a factor a head says nothing of positions."""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x, head_mask=None):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        probs = (q @ k.mT / q.size(-1) ** 0.5).softmax(dim=-1)
        if head_mask is not None:
            probs = probs * head_mask
        return (probs @ v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return torch.randn(2, 5, 32), torch.tensor([1.0, 0.0, 1.0, 1.0])[:, None, None]
