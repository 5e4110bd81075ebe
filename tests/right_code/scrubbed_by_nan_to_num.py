"""The same with nan_to_num and a multiplied mask on the weights."""

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.scale = (dim // heads) ** -0.5
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x, keep):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        scores = q @ k.transpose(-2, -1) * self.scale
        scores = scores.masked_fill(keep[:, None, None, :] == 0, -torch.inf)
        weights = torch.nan_to_num(F.softmax(scores, dim=-1), nan=0.0) * keep[:, None, None, :]
        return (weights @ v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return torch.randn(2, 5, 32), torch.arange(5) < torch.tensor([[5], [0]])
