"""ALiBi: a bias of (heads, T, T) on scores of (B, heads, T, T) lines up from the right."""

import math

import torch
from torch import nn

from attnlint.invariants import causal


class AlibiAttention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.register_buffer("slopes", torch.tensor([2.0 ** (-8 * (i + 1) / heads) for i in range(heads)]))

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        position = torch.arange(T, device=x.device)
        bias = self.slopes.view(self.heads, 1, 1) * (position[None, :] - position[:, None])
        scores = q @ k.mT / math.sqrt(C // self.heads) + bias
        scores = scores + torch.full((T, T), float("-inf"), device=x.device).triu(1)
        return (scores.softmax(-1) @ v).transpose(1, 2).reshape(B, T, C)


def inputs():
    return (torch.randn(2, 5, 32),)


INVARIANTS = (causal(),)
