"""The output's letters put tokens before heads, so that merging needs no transpose; the inputs have (B, T, H, D)."""

import torch
from torch import nn

from attnlint.invariants import permutation_equivariant


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v = nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, dim)

    def forward(self, x):
        B, T, C = x.shape
        q = self.q(x).view(B, T, self.heads, C // self.heads)
        k = self.k(x).view(B, T, self.heads, C // self.heads)
        v = self.v(x).view(B, T, self.heads, C // self.heads)
        scores = torch.einsum("blhe,bshe->bhls", q, k) / (C // self.heads) ** 0.5
        out = torch.einsum("bhls,bshd->blhd", scores.softmax(dim=-1), v)
        return out.reshape(B, T, C)


def inputs():
    return (torch.randn(2, 6, 32),)


INVARIANTS = (permutation_equivariant(),)
