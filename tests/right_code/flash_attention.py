"""flash_attn's layout is (B, T, H, D), it scales by itself, and the rate is gated."""

import torch
from flash_attn import flash_attn_func
from torch import nn


class FlashAttention(nn.Module):
    def __init__(self, dim=32, heads=4, dropout=0.1):
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, c // self.heads).unbind(2)
        out = flash_attn_func(q, k, v, dropout_p=self.dropout if self.training else 0.0, causal=True)
        return out.reshape(b, n, c)


def inputs():
    return (torch.randn(2, 5, 32),)
