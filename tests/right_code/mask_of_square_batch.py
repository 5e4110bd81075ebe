"""A (T, T) mask on (B, H, T, T) scores, a (B, 1, 1, T) one, and their union."""

import math

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, vocab=20, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.embed = nn.Embedding(vocab, dim)
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, tokens):
        B, T = tokens.shape
        q, k, v = self.qkv(self.embed(tokens)).view(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        causal_mask = torch.ones(T, T, dtype=torch.bool, device=tokens.device).triu(1)
        padding_mask = (tokens == 0)[:, None, None, :]
        scores = q @ k.mT / math.sqrt(q.size(-1))
        scores = scores.masked_fill(causal_mask, float("-inf"))
        scores = scores.masked_fill(padding_mask, float("-inf"))
        scores = scores.masked_fill(causal_mask | padding_mask, float("-inf"))
        return (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)


def inputs():
    return (torch.arange(1, 11).view(2, 5),)
