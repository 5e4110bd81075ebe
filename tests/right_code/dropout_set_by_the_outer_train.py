"""train() of the model around sets the probability."""

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


class Blk(Projected):
    def __init__(self):
        super().__init__()
        self.p = 0.1

    def forward(self, x):
        q, k, v = self.split(x)
        return self.merge(F.scaled_dot_product_attention(q, k, v, dropout_p=self.p))


class Model5(nn.Module):
    """the OUTER model zeroes dropout of its blocks for inference"""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(Blk() for _ in range(2))

    def train(self, mode=True):
        super().train(mode)
        for b in self.blocks:
            b.p = 0.1 if mode else 0.0
        return self

    def forward(self, x):
        for b in self.blocks:
            x = x + b(x)
        return x


def inputs():
    return (torch.randn(2, 6, 32),)
