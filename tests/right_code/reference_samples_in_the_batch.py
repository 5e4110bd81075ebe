"""Query, key and value of reference samples join the batch."""

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


class CFG(Projected):
    """reference batch joined on axis 0 for q, k and v"""

    def forward(self, x, ref_k=None, ref_v=None, ref_q=None):
        q, k, v = self.split(x)
        if ref_k is not None:
            q, k, v = torch.cat([ref_q, q], 0), torch.cat([ref_k, k], 0), torch.cat([ref_v, v], 0)
        o = F.scaled_dot_product_attention(q, k, v)
        return self.merge(o[-x.size(0) :])


def inputs():
    return (torch.randn(2, 6, 32),)
