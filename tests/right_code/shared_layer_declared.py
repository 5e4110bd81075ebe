"""The list repeats a layer that is an attribute by itself: the sharing is declared."""

import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self, dim=32, depth=4):
        super().__init__()
        self.shared = nn.MultiheadAttention(dim, 4, batch_first=True)
        self.layers = nn.ModuleList([self.shared] * depth)

    def forward(self, x):
        for layer in self.layers:
            x = x + layer(x, x, x, need_weights=False)[0]
        return x


def inputs():
    return (torch.randn(2, 6, 32),)
