"""Megatron: the query is divided by the layer's number and the product multiplied by it again."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from attnlint.invariants import causal


class CoreAttention(nn.Module):
    def __init__(self, hidden=32, heads=4, layer_number=3):
        super().__init__()
        self.heads = heads
        self.coeff = max(1, layer_number)
        self.norm_factor = math.sqrt(hidden // heads) * self.coeff
        self.query_key_value = nn.Linear(hidden, 3 * hidden)

    def forward(self, x, attention_mask):
        b, n, c = x.shape
        q, k, v = self.query_key_value(x).view(b, n, self.heads, -1).transpose(1, 2).chunk(3, dim=-1)
        scores = torch.matmul(q, k.transpose(-1, -2)) / self.norm_factor
        scores = scores * self.coeff
        scores = scores.masked_fill(attention_mask, -10000.0)
        return torch.matmul(F.softmax(scores, dim=-1), v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return torch.randn(2, 5, 32), torch.ones(5, 5, dtype=torch.bool).triu(1)


INVARIANTS = (causal(),)
