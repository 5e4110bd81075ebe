"""Hierarchical attention: tanh of a projection times a context vector."""

import torch
from torch import nn


class WordAttention(nn.Module):
    def __init__(self, hidden=32, attention=16):
        super().__init__()
        self.word_attention = nn.Linear(hidden, attention)
        self.context_vector = nn.Linear(attention, 1, bias=False)

    def forward(self, packed):
        att_w = torch.tanh(self.word_attention(packed))
        att_w = self.context_vector(att_w).squeeze(2)
        att_w = torch.exp(att_w - att_w.max())
        weights = att_w / att_w.sum(dim=1, keepdim=True)
        return torch.bmm(weights.unsqueeze(1), packed).squeeze(1)


def inputs():
    return (torch.randn(2, 5, 32),)
