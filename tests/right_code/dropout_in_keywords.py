"""The gated rate travels in a dict of keywords."""

import torch
from torch import nn
from torch.nn import functional as F

from attnlint.invariants import causal


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4, dropout=0.1):
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        options = {"dropout_p": self.dropout if self.training else 0.0, "is_causal": True}
        y = F.scaled_dot_product_attention(q, k, v, **options)
        return y.transpose(1, 2).reshape(b, n, c)


def inputs():
    return (torch.randn(2, 5, 32),)


INVARIANTS = (causal(),)
