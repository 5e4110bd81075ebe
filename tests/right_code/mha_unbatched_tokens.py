"""One sequence (T, C) without a batch, which nn.MultiheadAttention takes as well: axis 1 holds the features."""

import torch
from torch import nn

from attnlint.invariants import permutation_equivariant


class SetAttention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.attn = nn.MultiheadAttention(dim, heads)

    def forward(self, x):
        count, _ = x.shape
        out, _ = self.attn(x, x, x)
        energy = out.mean(dim=1).view(count, -1)
        return out * energy


def inputs():
    return (torch.randn(6, 32),)


INVARIANTS = (permutation_equivariant(),)
