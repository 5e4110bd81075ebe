"""Rotary positions on query and key, by halves."""

import torch
import torch.nn.functional as F
from torch import nn

HEAD = "self.head_dim"
WIDTH = "C"
RANK = 4


def rotate_half(x):
    first, second = x.chunk(2, dim=-1)
    return torch.cat((-second, first), dim=-1)


class RotaryAttention(nn.Module):
    def __init__(self, dim=32, heads=4, base=10000.0):
        super().__init__()
        self.heads = heads
        self.head_dim = dim // heads
        self.to_qkv = nn.Linear(dim, 3 * dim, bias=False)
        steps = torch.arange(0, self.head_dim, 2).float() / self.head_dim
        self.register_buffer("inv_freq", 1.0 / (base**steps), persistent=False)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.to_qkv(x).view(B, T, 3, self.heads, self.head_dim).permute(2, 0, 3, 1, 4).unbind(0)
        angles = torch.outer(torch.arange(T, device=x.device).float(), self.inv_freq)
        angles = torch.cat((angles, angles), dim=-1)
        q = q * angles.cos() + rotate_half(q) * angles.sin()
        k = k * angles.cos() + rotate_half(k) * angles.sin()
        scores = (q @ k.transpose(-2, -1)) * self.head_dim**-0.5
        future = torch.full((T, T), float("-inf"), device=x.device).triu(1)
        weights = F.softmax(scores + future, dim=-1)
        return (weights @ v).transpose(1, 2).reshape(B, T, C)


def inputs():
    return (torch.randn(2, 5, 32),)
