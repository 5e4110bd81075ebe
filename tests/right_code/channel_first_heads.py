"""Convolutions give (B, C, H, W): viewed as (B, heads, head_dim, N), nothing is to transpose."""

import torch
from torch import nn


class ChannelFirstAttention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.to_q = nn.Conv2d(dim, dim, 1)
        self.to_k = nn.Conv2d(dim, dim, 1)
        self.to_v = nn.Conv2d(dim, dim, 1)

    def forward(self, x):
        b, c, h, w = x.shape
        q, k, v = (f(x).view(b, self.heads, c // self.heads, h * w) for f in (self.to_q, self.to_k, self.to_v))
        attn = torch.einsum("bhdi,bhdj->bhij", q, k) * (c // self.heads) ** -0.5
        out = torch.einsum("bhij,bhdj->bhdi", attn.softmax(dim=-1), v)
        return out.reshape(b, c, h, w)


def inputs():
    return (torch.randn(2, 32, 3, 3),)
