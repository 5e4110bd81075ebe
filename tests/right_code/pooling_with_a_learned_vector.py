"""Attentive pooling: one learned query for all, as a projection to one score."""

import torch
from torch import nn


class AttentionPooling(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.score = nn.Linear(dim, 1)

    def forward(self, x, mask=None):
        logits = self.score(x)
        if mask is not None:
            logits = logits.masked_fill(~mask.unsqueeze(-1), float("-inf"))
        weights = torch.softmax(logits, dim=1)
        return (weights * x).sum(dim=1)


def inputs():
    return torch.randn(2, 5, 32), torch.ones(2, 5, dtype=torch.bool)
