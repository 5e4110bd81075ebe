"""Sequence-first scores (i, j, b, h): softmax over axis 1 is over the keys."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class SequenceFirstAttention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x, attn_mask=None):
        t, b, c = x.shape
        q, k, v = self.qkv(x).view(t, b, self.heads, 3, -1).unbind(3)
        scores = torch.einsum("ibhd,jbhd->ijbh", q, k) / math.sqrt(c // self.heads)
        if attn_mask is not None:
            scores = scores.masked_fill(attn_mask[:, :, None, None], float("-inf"))
        probs = F.softmax(scores, dim=1)
        return torch.einsum("ijbh,jbhd->ibhd", probs, v).reshape(t, b, c)


def inputs():
    return torch.randn(5, 2, 32), torch.ones(5, 5, dtype=torch.bool).triu(1)
