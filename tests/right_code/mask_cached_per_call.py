"""The table is a cache: forward makes it anew wherever the scores stand."""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4, length=16):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.mask = torch.tril(torch.ones(length, length))

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-2, -1) / (C // self.heads) ** 0.5
        if self.mask.device != x.device:
            self.mask = self.mask.to(x.device)
        scores = scores.masked_fill(self.mask[:T, :T] == 0, float("-inf"))
        return (scores.softmax(dim=-1) @ v).transpose(1, 2).reshape(B, T, C)


def inputs():
    return (torch.randn(2, 6, 32),)
