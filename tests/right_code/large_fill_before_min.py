"""A large positive fill before a minimum, as Hungarian matching and chamfer distances have it."""

import torch
from torch import nn
from torch.nn import functional as F


class NearestNeighbour(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.proj = nn.Linear(dim, dim)

    def forward(self, x, y, mask):
        distance = torch.cdist(self.proj(x), self.proj(y))
        distance = distance.masked_fill(~mask[:, None, :], 1e9)
        nearest = distance.argmin(dim=-1)
        weights = F.softmax(-distance, dim=-1)
        return weights @ y + distance.min(dim=-1, keepdim=True).values + nearest.unsqueeze(-1)


def inputs():
    return torch.randn(2, 5, 32), torch.randn(2, 6, 32), torch.ones(2, 6, dtype=torch.bool)
