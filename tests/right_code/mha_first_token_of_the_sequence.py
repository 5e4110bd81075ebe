"""A class token joined on axis 0 and read there: the batch is on axis 1 from the permute on, as in CLIP."""

import torch
from torch import nn

from attnlint.invariants import batch_independent


class AttentionPool(nn.Module):
    def __init__(self, cells=4, dim=32, heads=4):
        super().__init__()
        self.positions = nn.Parameter(torch.randn(cells + 1, dim))
        self.attn = nn.MultiheadAttention(dim, heads)

    def forward(self, x):
        x = x.flatten(start_dim=2).permute(2, 0, 1)
        x = torch.cat([x.mean(dim=0, keepdim=True), x], dim=0)
        x = x + self.positions[:, None, :]
        x, _ = self.attn(x[:1], x, x, need_weights=False)
        return x.squeeze(0)


def inputs():
    return (torch.randn(3, 32, 2, 2),)


INVARIANTS = (batch_independent(),)
