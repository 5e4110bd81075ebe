"""A local variable holds the gated rate."""

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4, dropout=0.1):
        super().__init__()
        self.heads = heads
        self.attn_drop = nn.Dropout(dropout)
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        dropout_p = self.attn_drop.p if self.training else 0
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout_p)
        return y.transpose(1, 2).reshape(b, n, c)


def inputs():
    return (torch.randn(2, 5, 32),)
