"""Positions go on after the cache: counted from its length, moved on by it, or cut from a longer table."""

import torch
from torch.nn import functional as F


def rotate(x, positions):
    angle = positions[:, None] * 10_000.0 ** (-torch.arange(0, x.size(-1), 2) / x.size(-1)).repeat(2)
    x1, x2 = x.chunk(2, dim=-1)
    return x * angle.cos() + torch.cat((-x2, x1), dim=-1) * angle.sin()


def joined(q, k, v, past, positions):
    q, k = rotate(q, positions), rotate(k, positions)
    if past is not None:
        k, v = torch.cat((past[0], k), dim=2), torch.cat((past[1], v), dim=2)
    return F.scaled_dot_product_attention(q, k, v)


def attention(q, k, v, past=None):
    T = q.size(2)
    start = 0 if past is None else past[0].size(2)
    counted = joined(q, k, v, past, torch.arange(start, start + T))
    moved = joined(q, k, v, past, start + torch.arange(T))
    cut = joined(q, k, v, past, torch.arange(start + T)[start:])
    last = joined(q, k, v, past, torch.arange(start + T)[-T:])
    return (counted + moved + cut + last) / 4


def inputs():
    q, k, v = (torch.randn(2, 4, 5, 8) for _ in range(3))
    return q, k, v, (torch.randn(2, 4, 6, 8), torch.randn(2, 4, 6, 8))
