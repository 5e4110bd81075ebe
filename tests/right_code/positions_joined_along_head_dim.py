"""Positions are joined to query and key along head_dim, as in conditional DETR."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Projected(nn.Module):
    def __init__(self, d=32, h=4):
        super().__init__()
        self.h, self.d = h, d // h
        self.qkv = nn.Linear(d, 3 * d)

    def split(self, x):
        B, N, _ = x.shape
        return [t.view(B, N, self.h, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, -1)]

    def merge(self, o):
        return o.transpose(1, 2).flatten(2)


class CondDETR(Projected):
    """positional features joined along head_dim, optional"""

    def forward(self, x, pos: torch.Tensor | None = None):
        q, k, v = self.split(x)
        if pos is not None:
            B, N, _ = pos.shape
            p = pos.view(B, N, self.h, -1).transpose(1, 2)
            q = torch.cat([p, q], dim=-1)
            k = torch.cat([p, k], dim=-1)
        return self.merge(F.scaled_dot_product_attention(q, k, v))


def inputs():
    return (torch.randn(2, 6, 32), torch.randn(2, 6, 32))
