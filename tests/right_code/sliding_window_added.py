"""A window by hand: bands from positions, hidden with the dtype's lowest number."""

import torch
from torch import nn

from attnlint.invariants import causal


class LocalAttention(nn.Module):
    def __init__(self, dim=32, heads=4, window=2):
        super().__init__()
        self.heads = heads
        self.window = window
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
        sim = torch.einsum("bhid,bhjd->bhij", q, k) * (c // self.heads) ** -0.5
        i = torch.arange(n, device=x.device)
        distance = i[:, None] - i[None, :]
        mask_value = -torch.finfo(sim.dtype).max
        sim = sim.masked_fill((distance < 0) | (distance > self.window), mask_value)
        return torch.einsum("bhij,bhjd->bhid", sim.softmax(dim=-1), v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return (torch.randn(2, 5, 32),)


INVARIANTS = (causal(),)
