"""Methods of the same names on things that are no tensors: strings, lists, modules, tables, an out= argument."""

import torch
from torch import nn


class Report(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.proj = nn.Linear(dim, dim)
        self.names = []

    def flatten(self):
        self.names.append("flattened")

    def scatter(self, kind):
        self.names.append(kind)

    def forward(self, x):
        self.flatten()
        self.scatter("points")
        self.proj.to(x.device)
        self.proj.float()
        weights = torch.empty_like(x)
        torch.softmax(x, dim=-1, out=weights)
        x.add_(1)
        return self.proj(weights)


def inputs():
    return (torch.randn(2, 5, 32),)
