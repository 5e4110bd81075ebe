"""Dropout is on while gradients are recorded; evaluation runs under no_grad."""

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


class Enc4(Projected):
    """torch.is_grad_enabled as the gate"""

    def __init__(self, attention_dropout=0.1):
        super().__init__()
        self.attention_dropout = attention_dropout

    def forward(self, x):
        q, k, v = self.split(x)
        p = self.attention_dropout if torch.is_grad_enabled() else 0.0
        return self.merge(F.scaled_dot_product_attention(q, k, v, dropout_p=p))


def inputs():
    return (torch.randn(2, 6, 32),)
