"""Heads on the third axis, products by einsum, nothing transposed."""

import torch
import torch.nn.functional as F
from torch import nn

HEAD = "self.head_dim"
WIDTH = "C"
RANK = 4


class EinsumAttention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.head_dim = dim // heads
        self.q_proj = nn.Linear(dim, dim)
        self.k_proj = nn.Linear(dim, dim)
        self.v_proj = nn.Linear(dim, dim)

    def forward(self, x):
        B, T, C = x.shape
        q = self.q_proj(x).view(B, T, self.heads, self.head_dim)
        k = self.k_proj(x).view(B, T, self.heads, self.head_dim)
        v = self.v_proj(x).view(B, T, self.heads, self.head_dim)
        scores = torch.einsum("bihd,bjhd->bhij", q, k) * self.head_dim**-0.5
        future = torch.triu(torch.ones(T, T, dtype=torch.bool, device=x.device), diagonal=1)
        scores = scores.masked_fill(future, float("-inf"))
        weights = F.softmax(scores, dim=-1)
        return torch.einsum("bhij,bjhd->bihd", weights, v).flatten(2)


def inputs():
    return (torch.randn(2, 5, 32),)
