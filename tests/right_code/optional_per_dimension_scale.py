"""The fused call is told √d because an optional learned scale, set to 1/√d at first, has divided the query twice."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class PerDimensionScale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.width = width
        self.gain = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return x / self.width * F.softplus(self.gain) / F.softplus(torch.zeros(()))


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4, scale_dimensions=True):
        super().__init__()
        self.heads, self.head_dim = heads, dim // heads
        self.q, self.k, self.v = nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.scale_dimensions = PerDimensionScale(self.head_dim) if scale_dimensions else None

    def forward(self, x):
        B, T, C = x.shape
        q = self.q(x).view(B, T, self.heads, self.head_dim)
        k = self.k(x).view(B, T, self.heads, self.head_dim).transpose(1, 2)
        v = self.v(x).view(B, T, self.heads, self.head_dim).transpose(1, 2)
        if self.scale_dimensions is not None:
            q = self.scale_dimensions(q)
        y = F.scaled_dot_product_attention(q.transpose(1, 2), k, v, scale=math.sqrt(self.head_dim))
        return y.transpose(1, 2).reshape(B, T, C)


def inputs():
    return (torch.randn(2, 6, 32),)
