"""The fused arm drops no weights: it runs without gradients alone, where nobody trains."""

import torch
from torch import nn
from torch.nn import functional as F


class WindowAttention(nn.Module):
    def __init__(self, dim=32, heads=4, attn_drop=0.1, use_flash_attention=True):
        super().__init__()
        self.heads, self.scale = heads, (dim // heads) ** -0.5
        self.use_flash_attention = use_flash_attention
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.attn_drop = nn.Dropout(attn_drop)

    def forward(self, x):
        b, n, c = x.shape
        qkv = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        if self.use_flash_attention and not torch.is_grad_enabled():
            x = F.scaled_dot_product_attention(q, k, v, dropout_p=0.0, scale=self.scale)
            return self.proj(x.transpose(1, 2).reshape(b, n, c))
        attn = torch.softmax(q * self.scale @ k.transpose(-2, -1), dim=-1)
        attn = self.attn_drop(attn)
        return self.proj((attn @ v).transpose(1, 2).reshape(b, n, c))


def inputs():
    return (torch.randn(2, 5, 32),)
