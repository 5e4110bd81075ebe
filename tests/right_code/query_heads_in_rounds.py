"""The query heads come in rounds over the key heads as well: tiled keys meet the query heads that are meant."""

import torch
from einops import rearrange
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
        q = rearrange(self.q(x), "b t (g h d) -> b g h t d", h=self.kv_heads, d=self.head_dim).flatten(1, 2)
        k, v = self.kv(x).view(B, T, 2, self.kv_heads, self.head_dim).permute(2, 0, 3, 1, 4)
        k = k.repeat(1, self.heads // self.kv_heads, 1, 1)
        v = v.repeat(1, self.heads // self.kv_heads, 1, 1)
        weights = (q @ k.transpose(-2, -1) / self.head_dim**0.5).softmax(dim=-1)
        return (weights @ v).transpose(1, 2).reshape(B, T, C)


def inputs():
    return (torch.randn(2, 6, 32),)
