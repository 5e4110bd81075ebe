"""timm's vision transformer: one projection, reshaped and permuted, the scale an attribute."""

import torch
import torch.nn.functional as F
from torch import nn

HEAD = "self.head_dim"
WIDTH = "C"
RANK = 4


class Attention(nn.Module):
    def __init__(self, dim=32, num_heads=4, qkv_bias=True, attn_drop=0.1):
        super().__init__()
        self.num_heads = num_heads
        self.head_dim = dim // num_heads
        self.scale = self.head_dim**-0.5
        self.qkv = nn.Linear(dim, dim * 3, bias=qkv_bias)
        self.attn_drop = nn.Dropout(attn_drop)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        B, N, C = x.shape
        qkv = self.qkv(x).reshape(B, N, 3, self.num_heads, self.head_dim).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        attn = (q @ k.transpose(-2, -1)) * self.scale
        attn = F.softmax(attn, dim=-1)
        attn = self.attn_drop(attn)
        x = (attn @ v).transpose(1, 2).reshape(B, N, C)
        return self.proj(x)


def inputs():
    return (torch.randn(2, 5, 32),)
