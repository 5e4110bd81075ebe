"""SDPA attends where bools are True, nn.MultiheadAttention ignores there: tril and its inverse are causal."""

import torch
from torch import nn
from torch.nn import functional as F

from attnlint.invariants import causal


class Both(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)

    def forward(self, x):
        b, t, _ = x.shape
        keep = torch.ones(t, t, dtype=torch.bool).tril()
        q, k, v = self.qkv(x).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        x = F.scaled_dot_product_attention(q, k, v, attn_mask=keep).transpose(1, 2).flatten(2)
        return self.attn(x, x, x, attn_mask=~keep, need_weights=False)[0]


def inputs():
    return (torch.randn(2, 5, 32),)


INVARIANTS = (causal(),)
