"""Restormer: attention over channels, whose temperature is learned."""

import torch
from einops import rearrange
from torch import nn
from torch.nn import functional as F


class ChannelAttention(nn.Module):
    def __init__(self, dim=16, num_heads=4):
        super().__init__()
        self.num_heads = num_heads
        self.temperature = nn.Parameter(torch.ones(num_heads, 1, 1))
        self.qkv = nn.Conv2d(dim, dim * 3, 1)
        self.project_out = nn.Conv2d(dim, dim, 1)

    def forward(self, x):
        _b, _c, h, w = x.shape
        q, k, v = self.qkv(x).chunk(3, dim=1)
        q = rearrange(q, "b (head c) h w -> b head c (h w)", head=self.num_heads)
        k = rearrange(k, "b (head c) h w -> b head c (h w)", head=self.num_heads)
        v = rearrange(v, "b (head c) h w -> b head c (h w)", head=self.num_heads)
        q = F.normalize(q, dim=-1)
        k = F.normalize(k, dim=-1)
        attn = ((q @ k.transpose(-2, -1)) * self.temperature).softmax(dim=-1)
        out = rearrange(attn @ v, "b head c (h w) -> b (head c) h w", head=self.num_heads, h=h, w=w)
        return self.project_out(out)


def inputs():
    return (torch.randn(2, 16, 4, 4),)
