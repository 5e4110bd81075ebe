"""The setting that chooses the arm is causality itself."""

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4, autoregressive=False):
        super().__init__()
        self.heads = heads
        self.autoregressive = autoregressive
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (t.view(B, T, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        if self.autoregressive:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            y = (q @ k.transpose(-2, -1) * q.size(-1) ** -0.5).softmax(dim=-1) @ v
        return y.transpose(1, 2).reshape(B, T, C)


def inputs():
    return (torch.randn(2, 5, 32),)
