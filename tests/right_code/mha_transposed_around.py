"""Columns are stacked on axis 1, and the axes are moved before nn.MultiheadAttention and back after it."""

import torch
from torch import nn

from attnlint.invariants import batch_independent


class AutoInt(nn.Module):
    def __init__(self, fields=4, categories=10, dim=32, heads=4, layers=2):
        super().__init__()
        self.embeddings = nn.ModuleList([nn.Embedding(categories, dim) for _ in range(fields)])
        self.layers = nn.ModuleList([nn.MultiheadAttention(dim, heads) for _ in range(layers)])
        self.out = nn.Linear(fields * dim, 1)

    def forward(self, rows):
        x = torch.stack([embed(rows[:, i]) for i, embed in enumerate(self.embeddings)], dim=1)
        cross = x.transpose(0, 1)
        for attention in self.layers:
            cross, _ = attention(cross, cross, cross)
        cross = cross.transpose(0, 1)
        return self.out(cross.flatten(1))


def inputs():
    return (torch.randint(10, (3, 4)),)


INVARIANTS = (batch_independent(),)
