"""Padding and the future hidden by one mask made of both."""

import torch
import torch.nn.functional as F
from torch import nn

HEAD = "self.head_dim"
WIDTH = "C"
RANK = 4


class PaddedAttention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.head_dim = dim // heads
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x, lengths):
        B, T, C = x.shape
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        q = q.view(B, T, self.heads, self.head_dim).transpose(1, 2)
        k = k.view(B, T, self.heads, self.head_dim).transpose(1, 2)
        v = v.view(B, T, self.heads, self.head_dim).transpose(1, 2)
        steps = torch.arange(T, device=x.device)
        padding = steps[None, :] >= lengths[:, None]
        future = steps[None, :] > steps[:, None]
        scores = (q @ k.transpose(-2, -1)) * self.head_dim**-0.5
        scores = scores.masked_fill(padding[:, None, None, :] | future, float("-inf"))
        weights = F.softmax(scores, dim=-1)
        return (weights @ v).transpose(1, 2).reshape(B, T, C)


def inputs():
    return torch.randn(2, 5, 32), torch.tensor([5, 3])
