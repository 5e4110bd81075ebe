"""Every key head is repeated in place: the new axis is expanded behind the heads, then merged with them."""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4, kv_heads=2):
        super().__init__()
        self.heads = heads
        self.kv_heads = kv_heads
        self.head_dim = dim // heads
        self.q = nn.Linear(dim, dim)
        self.kv = nn.Linear(dim, 2 * kv_heads * self.head_dim)

    def forward(self, x):
        B, T, C = x.shape
        q = self.q(x).view(B, T, self.heads, self.head_dim).transpose(1, 2)
        k, v = self.kv(x).view(B, T, 2, self.kv_heads, self.head_dim).permute(2, 0, 3, 1, 4)
        n = self.heads // self.kv_heads
        k = k[:, :, None].expand(B, self.kv_heads, n, T, self.head_dim).reshape(B, self.heads, T, self.head_dim)
        v = v[:, :, None].expand(B, self.kv_heads, n, T, self.head_dim).reshape(B, self.heads, T, self.head_dim)
        weights = (q @ k.transpose(-2, -1) / self.head_dim**0.5).softmax(dim=-1)
        return (weights @ v).transpose(1, 2).reshape(B, T, C)


def inputs():
    return (torch.randn(2, 6, 32),)
