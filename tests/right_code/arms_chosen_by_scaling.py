"""The fused call scales, so it is taken only where scaling is asked for; the other arm scales under the same flag."""

import math

import torch
from torch.nn import functional as F


def by_hand(q, k, v, scaling=True):
    if scaling:
        q = q / math.sqrt(q.shape[-1])
    return torch.matmul(F.softmax(torch.matmul(q, k.transpose(-1, -2)), dim=-1), v)


def attention(q, k, v, scaling=True):
    if scaling:
        return F.scaled_dot_product_attention(q, k, v)
    return by_hand(q, k, v, scaling=scaling)


def inputs():
    return torch.randn(2, 4, 5, 8), torch.randn(2, 4, 5, 8), torch.randn(2, 4, 5, 8)
