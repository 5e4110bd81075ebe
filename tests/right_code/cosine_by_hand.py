"""nGPT: queries and keys are divided by their norms by hand; √head_dim is what such products are scaled by."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.h, self.d = heads, dim // heads
        self.q, self.k, self.v, self.o = (nn.Linear(dim, dim, bias=False) for _ in range(4))

    def justnorm(self, x):
        return x / x.norm(p=2, dim=-1, keepdim=True)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (f(x).view(B, T, self.h, self.d).transpose(1, 2) for f in (self.q, self.k, self.v))
        q, k = self.justnorm(q), k / torch.linalg.vector_norm(k, dim=-1, keepdim=True)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=math.sqrt(self.d))
        z = ((q @ k.mT) * math.sqrt(self.d)).softmax(-1) @ v
        return self.o((y + z).transpose(1, 2).contiguous().view(B, T, C))


def inputs():
    return (torch.randn(2, 5, 32),)
