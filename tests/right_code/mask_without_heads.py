"""Scores of (B, T, T), one head: a (B, 1, T) mask stands on the keys."""

import math

import torch
from torch import nn


class SingleHead(nn.Module):
    def __init__(self, vocab=20, dim=32):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, tokens):
        _B, _T = tokens.shape
        q, k, v = self.qkv(self.embed(tokens)).chunk(3, dim=-1)
        scores = torch.bmm(q, k.transpose(1, 2)) / math.sqrt(q.size(-1))
        scores = scores.masked_fill((tokens == 0).unsqueeze(1), float("-inf"))
        return torch.bmm(scores.softmax(dim=-1), v)


def inputs():
    return (torch.tensor([[1, 2, 3, 4, 5], [6, 7, 8, 0, 0]]),)
