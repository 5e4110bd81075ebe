"""The causal mask is taken off the scores, so that the optional attn_mask is there for the interface alone."""

import math

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim)
        self.register_buffer("seen", torch.tril(torch.ones(16, 16)), persistent=False)

    def forward(self, x, attn_mask=None):
        T = x.size(1)
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))
        scores = scores - 1e4 * (1 - self.seen[:T, :T])
        return scores.softmax(dim=-1) @ v


def inputs():
    return (torch.randn(2, 6, 32),)
