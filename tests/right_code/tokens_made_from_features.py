"""A projection of one vector is viewed as several tokens: attention between them is what is meant."""

import torch
from torch import nn
from torch.nn import functional as F


class Prompts(nn.Module):
    def __init__(self, dim=32, tokens=5, heads=4):
        super().__init__()
        self.dim, self.tokens, self.heads = dim, tokens, heads
        self.expand = nn.Linear(dim, tokens * dim)
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, pooled):
        batch = pooled.size(0)
        x = self.expand(pooled).view(batch, self.tokens, self.dim)
        q, k, v = (
            part.view(batch, self.tokens, self.heads, -1).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1)
        )
        y = F.scaled_dot_product_attention(q, k, v)
        return y.transpose(1, 2).reshape(batch, self.tokens, self.dim)


def inputs():
    return (torch.randn(2, 32),)
