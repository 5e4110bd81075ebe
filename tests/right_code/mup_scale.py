"""Maximal update parametrisation divides by head_dim itself, not by its root."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, d_model=32, n_heads=4, mup=True):
        super().__init__()
        self.n_heads = n_heads
        self.d_head = d_model // n_heads
        self.scale = 1 / self.d_head if mup else 1 / math.sqrt(self.d_head)
        self.qkv = nn.Linear(d_model, 3 * d_model)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.n_heads, self.d_head).permute(2, 0, 3, 1, 4)
        att = F.softmax(q @ k.transpose(-2, -1) * self.scale, dim=-1)
        return (att @ v).transpose(1, 2).reshape(b, t, c)


def inputs():
    return (torch.randn(2, 5, 32),)
