"""A rotary part is joined to query and key along head_dim, as in multi-head latent attention."""

import math

import torch
import torch.nn as nn


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


class CondDETR2(Projected):
    def forward(self, x, k_pe=None, q_pe=None):
        q, k, v = self.split(x)
        if k_pe is not None:
            k = torch.cat((k_pe, k), dim=-1)
            q = torch.cat((q_pe, q), dim=-1)
        s = q @ k.transpose(-1, -2) / math.sqrt(q.size(-1))
        return self.merge(s.softmax(-1) @ v)


def inputs():
    return (torch.randn(2, 6, 32),)
