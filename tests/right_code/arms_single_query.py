"""A single query sees everything: the fused arm is causal for longer ones, as the other arm's mask is."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4, causal=True, flash=True):
        super().__init__()
        self.heads = heads
        self.causal = causal
        self.flash = flash
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (t.view(B, T, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        if self.flash:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal and T > 1)
        else:
            scores = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))
            if self.causal:
                future = torch.ones(T, T, dtype=torch.bool, device=x.device).triu(1)
                scores = scores.masked_fill(future, float("-inf"))
            y = scores.softmax(dim=-1) @ v
        return y.transpose(1, 2).reshape(B, T, C)


def inputs():
    return (torch.randn(2, 5, 32),)
