"""Heads are projected apart before the split; what all of them share afterwards is a second, smaller layer."""

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.head_dim = dim // heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.refine = nn.Linear(self.head_dim, self.head_dim)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, self.heads, self.head_dim).permute(2, 0, 3, 1, 4).unbind(0)
        out = F.scaled_dot_product_attention(self.refine(q), self.refine(k), v)
        return out.transpose(1, 2).reshape(B, T, C)


def inputs():
    return (torch.randn(2, 6, 32),)
