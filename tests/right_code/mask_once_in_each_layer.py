"""One mask for all layers is added once in each."""

import math

import torch
from torch import nn


class Layers(nn.Module):
    def __init__(self, dim=32, depth=3):
        super().__init__()
        self.first = nn.Linear(dim, 3 * dim)
        self.layers = nn.ModuleList([nn.Linear(dim, 3 * dim) for _ in range(depth)])

    def attend(self, qkv, mask):
        q, k, v = qkv.chunk(3, dim=-1)
        scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(q.size(-1))
        scores = scores + mask
        return torch.matmul(torch.softmax(scores, dim=-1), v)

    def forward(self, x, keep):
        mask = (1.0 - keep[:, None, :].float()) * -1e9
        x = self.attend(self.first(x), mask)
        for layer in self.layers:
            x = self.attend(layer(x), mask)
        return x


def inputs():
    return torch.randn(2, 5, 32), (torch.arange(5) < torch.tensor([[5], [3]])).long()
