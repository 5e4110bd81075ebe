"""RetNet: a decay matrix is multiplied onto the scores, and no softmax follows."""

import torch
from torch import nn

from attnlint.invariants import causal


class Retention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        i = torch.arange(n, device=x.device)
        decay = torch.tril(0.9 ** (i[:, None] - i[None, :]).clamp(min=0))
        return (q @ k.mT * decay @ v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return (torch.randn(2, 5, 32),)


INVARIANTS = (causal(),)
