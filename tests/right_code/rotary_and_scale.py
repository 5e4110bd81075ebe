"""RoPE between projection and product turns vectors and keeps their length."""

import math

import torch
from torch import nn


def rotate_half(x):
    x1, x2 = x.chunk(2, dim=-1)
    return torch.cat((-x2, x1), dim=-1)


def apply_rotary_pos_emb(q, k, cos, sin):
    return q * cos + rotate_half(q) * sin, k * cos + rotate_half(k) * sin


class RotaryAttention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.head_dim = dim // heads
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        position = torch.arange(n, device=x.device).float()
        angles = position[:, None] * 10000.0 ** (-torch.arange(0, self.head_dim, 2) / self.head_dim)
        angles = torch.cat((angles, angles), dim=-1)
        q, k = apply_rotary_pos_emb(q, k, angles.cos(), angles.sin())
        scores = q @ k.mT / math.sqrt(self.head_dim)
        return (scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return (torch.randn(2, 5, 32),)
