"""A list of one module hides the teacher from parameters() on purpose: only the student trains."""

import torch
from torch import nn
from torch.nn import functional as F


class Head(nn.Module):
    def __init__(self, dim, head_size):
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * head_size)

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        return F.scaled_dot_product_attention(q, k, v)


class Distilled(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.student = Head(dim, dim)
        self._teacher = [Head(dim, dim)]

    def forward(self, x):
        with torch.no_grad():
            target = self._teacher[0](x)
        return self.student(x), target


def inputs():
    return (torch.randn(2, 6, 32),)
