"""The rows of padded queries are zeroed, whole: the rows of real ones are as softmax made them."""

import torch
from torch import nn

from attnlint.invariants import padding_ignored


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x, keep):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        scores = q @ k.mT / q.size(-1) ** 0.5
        scores = scores + torch.zeros_like(scores).masked_fill((keep == 0)[:, None, None, :], -1e4)
        weights = scores.softmax(dim=-1).masked_fill((keep == 0)[:, None, :, None], 0.0)
        return (weights @ v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return torch.randn(2, 5, 32), torch.arange(5) < torch.tensor([[5], [3]])


INVARIANTS = (padding_ignored(),)
