"""The same in two lines, by subtraction."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from attnlint.invariants import causal


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x, ltor_mask):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        attention_scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(c // self.heads)
        attention_scores = torch.mul(attention_scores, ltor_mask)
        attention_scores = attention_scores - 10000.0 * (1.0 - ltor_mask)
        return (F.softmax(attention_scores, dim=-1) @ v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return torch.randn(2, 5, 32), torch.tril(torch.ones(5, 5))


INVARIANTS = (causal(),)
