"""DaViT: channels attend to channels, so that the number of tokens is what is contracted and scaled by."""

import torch
from torch import nn


class ChannelAttention(nn.Module):
    def __init__(self, dim=32, num_heads=4):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, dim * 3)

    def forward(self, x):
        B, N, C = x.shape
        q, k, v = self.qkv(x).reshape(B, N, 3, self.num_heads, C // self.num_heads).permute(2, 0, 3, 1, 4).unbind(0)
        q = q * N**-0.5
        attn = (q.transpose(-1, -2) @ k).softmax(dim=-1)
        x = (attn @ v.transpose(-1, -2)).transpose(-1, -2)
        return x.transpose(1, 2).reshape(B, N, C)


def inputs():
    return (torch.randn(2, 5, 32),)
