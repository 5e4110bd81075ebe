"""What is tiled is the batch, for heads that are folded into it; no key head moves."""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4, kv_heads=4):
        super().__init__()
        self.heads = heads
        self.kv_heads = kv_heads
        self.head_dim = dim // heads
        self.q = nn.Linear(dim, dim)
        self.kv = nn.Linear(dim, 2 * kv_heads * self.head_dim)

    def forward(self, x):
        B, T, _ = x.shape
        q = self.q(x).view(B, T, self.heads, self.head_dim).permute(2, 0, 1, 3).flatten(0, 1)
        k, v = self.kv(x).view(B, T, 2, self.kv_heads, self.head_dim).permute(2, 0, 3, 1, 4)
        k = k[:, 0].repeat(self.heads, 1, 1)
        v = v[:, 0].repeat(self.heads, 1, 1)
        weights = (q @ k.transpose(-2, -1) / self.head_dim**0.5).softmax(dim=-1)
        return (weights @ v).unflatten(0, (self.heads, B)).permute(1, 2, 0, 3).flatten(2)


def inputs():
    return (torch.randn(2, 6, 32),)
