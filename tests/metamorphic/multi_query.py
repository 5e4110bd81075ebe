"""One key and value head for all query heads, broadcast in the product."""

import torch
import torch.nn.functional as F
from torch import nn

HEAD = "self.head_dim"
WIDTH = "C"
RANK = 4
BROADCASTS = True


class MultiQueryAttention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.head_dim = dim // heads
        self.to_q = nn.Linear(dim, dim, bias=False)
        self.to_kv = nn.Linear(dim, 2 * self.head_dim, bias=False)

    def forward(self, x):
        B, T, C = x.shape
        q = self.to_q(x).view(B, T, self.heads, self.head_dim).transpose(1, 2)
        k, v = self.to_kv(x).unsqueeze(1).chunk(2, dim=-1)
        scores = (q @ k.transpose(-2, -1)) * self.head_dim**-0.5
        weights = F.softmax(scores, dim=-1)
        return (weights @ v).transpose(1, 2).reshape(B, T, C)


def inputs():
    return (torch.randn(2, 5, 32),)
