"""timm: one call where it is there, and the same by hand where it is not."""

import torch
import torch.nn.functional as F
from torch import nn

HEAD = "self.head_dim"
WIDTH = "C"
RANK = 4


class FusedOrManual(nn.Module):
    def __init__(self, dim=32, num_heads=4, fused=False, attn_drop=0.1):
        super().__init__()
        self.num_heads = num_heads
        self.head_dim = dim // num_heads
        self.scale = self.head_dim**-0.5
        self.fused = fused
        self.qkv = nn.Linear(dim, dim * 3)
        self.attn_drop = nn.Dropout(attn_drop)

    def forward(self, x):
        B, N, C = x.shape
        q, k, v = self.qkv(x).reshape(B, N, 3, self.num_heads, self.head_dim).permute(2, 0, 3, 1, 4).unbind(0)
        if self.fused:
            x = F.scaled_dot_product_attention(q, k, v, dropout_p=self.attn_drop.p if self.training else 0.0)
        else:
            attn = (q @ k.transpose(-2, -1)) * self.scale
            attn = F.softmax(attn, dim=-1)
            attn = self.attn_drop(attn)
            x = attn @ v
        return x.transpose(1, 2).reshape(B, N, C)


def inputs():
    return (torch.randn(2, 5, 32),)
