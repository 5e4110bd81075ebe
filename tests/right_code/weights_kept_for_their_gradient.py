"""The weights are kept for an explanation of the output by their gradient, which a hook asks for: detached ones have
none.
"""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim)
        self.map = self.map_gradient = None

    def keep_gradient(self, gradient):
        self.map_gradient = gradient

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        weights = (q @ k.mT / k.size(-1) ** 0.5).softmax(dim=-1)
        self.map = weights
        if weights.requires_grad:
            weights.register_hook(self.keep_gradient)
        return weights @ v


class Explained(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = Attention()

    def forward(self, x):
        with torch.enable_grad():
            y = self.attention(x)
            (gradient,) = torch.autograd.grad(y.sum(), [self.attention.map], retain_graph=True)
        return y, (gradient * self.attention.map).sum()


def inputs():
    return (torch.randn(2, 6, 32),)
