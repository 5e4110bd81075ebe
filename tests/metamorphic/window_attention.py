"""Swin's windows: a learned bias for each head, and a mask of regions added to views and back."""

import torch
import torch.nn.functional as F
from torch import nn

HEAD = "self.head_dim"
WIDTH = "C"
RANK = 4


class WindowAttention(nn.Module):
    def __init__(self, dim=32, num_heads=4, tokens=6):
        super().__init__()
        self.num_heads = num_heads
        self.head_dim = dim // num_heads
        self.scale = self.head_dim**-0.5
        self.bias = nn.Parameter(torch.zeros(num_heads, tokens, tokens))
        self.qkv = nn.Linear(dim, dim * 3)

    def forward(self, x, mask=None):
        B_, N, C = x.shape
        qkv = self.qkv(x).reshape(B_, N, 3, self.num_heads, C // self.num_heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        attn = (q @ k.transpose(-2, -1)) * self.scale
        attn = attn + self.bias
        if mask is not None:
            windows = mask.shape[0]
            attn = attn.view(B_ // windows, windows, self.num_heads, N, N) + mask.unsqueeze(1).unsqueeze(0)
            attn = attn.view(-1, self.num_heads, N, N)
        attn = F.softmax(attn, dim=-1)
        return (attn @ v).transpose(1, 2).reshape(B_, N, C)


def inputs():
    mask = torch.zeros(2, 6, 6)
    mask[1, :3, 3:] = mask[1, 3:, :3] = -100.0
    return torch.randn(4, 6, 32), mask
