"""A method that is handed query and key: what they went through before is not known here."""

import torch
from torch import nn
from torch.nn import functional as F


class DotProductAttention(nn.Module):
    def __init__(self, dropout=0.1):
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    def forward(self, queries, keys, values):
        scores = torch.bmm(queries, keys.transpose(1, 2))
        return torch.bmm(self.dropout(F.softmax(scores, dim=-1)), values)


def inputs():
    return (*3 * [torch.randn(2, 5, 8)],)
