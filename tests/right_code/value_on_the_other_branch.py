"""On one branch the weights multiply the key, which serves as the value; on the other one the value is read."""

import torch
from torch import nn


class TiedOrNot(nn.Module):
    def __init__(self, dim=32, tied=False):
        super().__init__()
        self.q = nn.Linear(dim, dim)
        self.k = nn.Linear(dim, dim)
        self.v = nn.Linear(dim, dim)
        self.tied = tied

    def forward(self, x):
        q, k, v = self.q(x), self.k(x), self.v(x)
        weights = (q @ k.mT / q.size(-1) ** 0.5).softmax(dim=-1)
        if self.tied:
            return weights @ k
        return weights @ v


def inputs():
    return (torch.randn(2, 5, 32),)
