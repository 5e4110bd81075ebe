"""LoFTR's matching: a softmax over both axes of a similarity, and their product, not a weighted sum."""

import torch
from torch import nn
from torch.nn import functional as F


class CoarseMatching(nn.Module):
    def __init__(self, dim=32, temperature=0.1):
        super().__init__()
        self.temperature = temperature
        self.proj = nn.Linear(dim, dim)

    def forward(self, feat_c0, feat_c1):
        feat_c0, feat_c1 = self.proj(feat_c0), self.proj(feat_c1)
        sim_matrix = torch.einsum("nlc,nsc->nls", feat_c0, feat_c1) / self.temperature
        return F.softmax(sim_matrix, 1) * F.softmax(sim_matrix, 2)


def inputs():
    return torch.randn(2, 5, 32), torch.randn(2, 6, 32)
