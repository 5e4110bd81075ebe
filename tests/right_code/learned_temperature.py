"""A learned temperature for each head takes the factor's place."""

import math

import torch
from einops import rearrange
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.temperature = nn.Parameter(torch.full((heads, 1, 1), math.log((dim // heads) ** -0.5)))
        self.to_qkv = nn.Linear(dim, dim * 3, bias=False)

    def forward(self, x):
        q, k, v = (rearrange(t, "b n (h d) -> b h n d", h=self.heads) for t in self.to_qkv(x).chunk(3, dim=-1))
        dots = torch.matmul(q, k.transpose(-1, -2)) * self.temperature.exp()
        attn = dots.softmax(dim=-1)
        return rearrange(torch.matmul(attn, v), "b h n d -> b n (h d)")


def inputs():
    return (torch.randn(2, 5, 32),)
