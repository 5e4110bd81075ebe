"""Differential attention: two halves of each head, scaled by the root of the half."""

import torch
from torch import nn
from torch.nn import functional as F


class DiffAttention(nn.Module):
    def __init__(self, embed_dim=32, num_heads=2):
        super().__init__()
        self.num_heads = num_heads
        self.head_dim = embed_dim // num_heads // 2
        self.scaling = self.head_dim**-0.5
        self.q_proj = nn.Linear(embed_dim, embed_dim, bias=False)
        self.k_proj = nn.Linear(embed_dim, embed_dim, bias=False)
        self.v_proj = nn.Linear(embed_dim, embed_dim, bias=False)
        self.lambda_init = 0.8

    def forward(self, x):
        b, n, _ = x.size()
        q = self.q_proj(x).view(b, n, 2 * self.num_heads, self.head_dim).transpose(1, 2)
        k = self.k_proj(x).view(b, n, 2 * self.num_heads, self.head_dim).transpose(1, 2)
        v = self.v_proj(x).view(b, n, self.num_heads, 2 * self.head_dim).transpose(1, 2)
        q = q * self.scaling
        attn = F.softmax(torch.matmul(q, k.transpose(-1, -2)), dim=-1, dtype=torch.float32).type_as(q)
        attn = attn.view(b, self.num_heads, 2, n, n)
        attn = attn[:, :, 0] - self.lambda_init * attn[:, :, 1]
        return torch.matmul(attn, v).transpose(1, 2).reshape(b, n, -1)


def inputs():
    return (torch.randn(2, 5, 32),)
