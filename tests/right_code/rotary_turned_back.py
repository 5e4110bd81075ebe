"""The values are rotated and the output is rotated back: what is left of the angles is their difference."""

import torch
from torch.nn import functional as F


def rotate_half(x):
    x1, x2 = x.chunk(2, dim=-1)
    return torch.cat((-x2, x1), dim=-1)


def rotate(x, cos, sin):
    return x * cos + rotate_half(x) * sin


def attention(q, k, v):
    steps = torch.arange(q.size(-2), device=q.device)[:, None]
    angle = steps * 10_000.0 ** (-torch.arange(0, q.size(-1), 2) / q.size(-1)).repeat(2)
    cos, sin = angle.cos(), angle.sin()
    q, k, v = (rotate(x, cos, sin) for x in (q, k, v))
    return rotate(F.scaled_dot_product_attention(q, k, v), cos, -sin)


def inputs():
    return tuple(torch.randn(2, 4, 5, 8) for _ in range(3))
