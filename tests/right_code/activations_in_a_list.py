"""What stands in the list holds no parameters, so that nothing is lost."""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim)
        self.maps = [nn.ReLU(), nn.Identity(), nn.Softmax(dim=-1)]

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        feature, identity, softmax = self.maps
        return softmax(identity(feature(q) @ feature(k).mT) / k.size(-1) ** 0.5) @ v


def inputs():
    return (torch.randn(2, 6, 32),)
