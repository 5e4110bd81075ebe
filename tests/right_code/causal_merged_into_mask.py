"""The triangle goes into the mask, and the flag goes down."""

import torch
from torch import nn
from torch.nn import functional as F

from attnlint.invariants import causal, padding_ignored


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4, causal=True):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.causal = causal

    def forward(self, x, mask=None):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        is_causal = self.causal
        if mask is not None:
            mask = mask[:, None, None, :]
            if is_causal:
                mask = mask & torch.ones(n, n, dtype=torch.bool, device=x.device).tril()
                is_causal = False
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=is_causal)
        return y.transpose(1, 2).reshape(b, n, c)


def inputs():
    return torch.randn(2, 5, 32), torch.arange(5) < torch.tensor([[5], [3]])


INVARIANTS = (
    causal(),
    padding_ignored(),
)
