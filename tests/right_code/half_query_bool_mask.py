"""A bool mask goes with any dtype of the query."""

import torch
from torch import nn
from torch.nn import functional as F

from attnlint.invariants import causal


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).bfloat16().chunk(3, dim=-1))
        keep = torch.ones(n, n, device=q.device).tril().to(torch.bool)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=keep)
        return y.transpose(1, 2).reshape(b, n, c).to(x.dtype)


def inputs():
    return (torch.randn(2, 5, 32),)


INVARIANTS = (causal(),)
