"""The mask is hidden where True on one arm, and what SDPA is given was made of it: −inf where True."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from attnlint.invariants import padding_ignored


class Attention(nn.Module):
    def __init__(self, dim=32, fused=True):
        super().__init__()
        self.fused = fused
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x, mask=None):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        if mask is not None:
            if mask.dtype == torch.bool:
                added = torch.zeros_like(mask, dtype=q.dtype)
                added.masked_fill_(mask, float("-inf"))
                mask = added
            else:
                mask = mask.to(dtype=q.dtype)
        if self.fused:
            return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(q.size(-1))
        if mask is not None:
            scores = scores + mask
        return torch.matmul(torch.softmax(scores, dim=-1), v)


class Model(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.attn = Attention(dim)

    def forward(self, x, keep):
        return self.attn(x, ~keep[:, None, :])


def inputs():
    return torch.randn(2, 5, 32), torch.arange(5) < torch.tensor([[5], [3]])


INVARIANTS = (padding_ignored(),)
