"""A setting of its own decides whether the values are rotated as well."""

import torch
from torch import nn
from torch.nn import functional as F


def rotate(x, cos, sin):
    x1, x2 = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-x2, x1), dim=-1) * sin


class Attention(nn.Module):
    def __init__(self, rotate_values=False):
        super().__init__()
        self.rotate_values = rotate_values

    def forward(self, q, k, v):
        steps = torch.arange(q.size(-2), device=q.device)[:, None]
        angle = steps * 10_000.0 ** (-torch.arange(0, q.size(-1), 2) / q.size(-1)).repeat(2)
        cos, sin = angle.cos(), angle.sin()
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        if self.rotate_values:
            v = rotate(v, cos, sin)
        return F.scaled_dot_product_attention(q, k, v)


def inputs():
    return tuple(torch.randn(2, 4, 5, 8) for _ in range(3))
