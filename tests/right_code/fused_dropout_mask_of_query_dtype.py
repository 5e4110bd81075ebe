"""A mask made in the query's dtype and on its device."""

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
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).to(torch.half).chunk(3, dim=-1))
        mask = torch.full((n, n), float("-inf"), dtype=q.dtype, device=q.device).triu(1)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return y.transpose(1, 2).reshape(b, n, c).to(x.dtype)


def inputs():
    return (torch.randn(2, 5, 32),)


INVARIANTS = (causal(),)
