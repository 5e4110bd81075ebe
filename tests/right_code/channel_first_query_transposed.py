"""Channel-first heads (B, H, D, N): the query is transposed, not the key, and the output comes channel-first."""

import torch
from torch import nn

from attnlint.invariants import permutation_equivariant


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.scale = (dim // heads) ** -0.5
        self.qkv = nn.Conv1d(dim, 3 * dim, 1)

    def forward(self, x):
        B, C, N = x.transpose(1, 2).shape
        q, k, v = self.qkv(x.transpose(1, 2)).view(B, 3, self.heads, C // self.heads, N).unbind(1)
        attn = (q.transpose(-2, -1) * self.scale) @ k
        out = v @ attn.softmax(dim=-1).transpose(-2, -1)
        return out.reshape(B, C, N).transpose(1, 2)


def inputs():
    return (torch.randn(2, 6, 32),)


INVARIANTS = (permutation_equivariant(),)
