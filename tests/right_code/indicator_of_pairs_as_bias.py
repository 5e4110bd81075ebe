"""One for each pair of tokens of the same sentence, times a learned weight or not, is a bias and hides nothing."""

import math

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x, sentence):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(q.size(-1))
        scores = scores + (sentence[:, :, None] == sentence[:, None, :]).float()
        return torch.matmul(torch.softmax(scores, dim=-1), v)


def inputs():
    return torch.randn(2, 5, 32), torch.tensor([[0, 0, 0, 1, 1], [0, 1, 1, 1, 2]])
