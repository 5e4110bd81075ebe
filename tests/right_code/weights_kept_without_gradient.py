"""The weights are kept where no gradient is tracked, so that no graph is kept with them."""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim)
        self.map = None

    @torch.no_grad()
    def weights(self, x):
        q, k, _ = self.qkv(x).chunk(3, dim=-1)
        return (q @ k.mT / k.size(-1) ** 0.5).softmax(dim=-1)

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        weights = (q @ k.mT / k.size(-1) ** 0.5).softmax(dim=-1)
        if not torch.is_grad_enabled():
            self.map = weights
        return weights @ v


class Probed(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.attention = Attention(dim)
        self.map = None

    def forward(self, x):
        weights = self.attention.weights(x)
        self.map = weights
        return self.attention(x) + weights @ x


def inputs():
    return (torch.randn(2, 6, 32),)
