"""The mask is dropped where the flag says it all."""

import torch
from torch import nn
from torch.nn import functional as F

from attnlint.invariants import causal


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4, causal=True):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.causal = causal

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        mask = torch.ones(n, n, dtype=torch.bool, device=x.device).tril()
        if self.causal:
            mask = None
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=self.causal)
        return y.transpose(1, 2).reshape(b, n, c)


def inputs():
    return (torch.randn(2, 5, 32),)


INVARIANTS = (causal(),)
