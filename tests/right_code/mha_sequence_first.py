"""Sequence-first nn.MultiheadAttention, with a (B, T) key padding mask, as documented."""

import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self, vocab=20, dim=32, heads=4):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.attn = nn.MultiheadAttention(dim, heads, dropout=0.1)

    def forward(self, tokens):
        x = self.embed(tokens).transpose(0, 1)
        out, _weights = self.attn(x, x, x, key_padding_mask=tokens == 0)
        return out.transpose(0, 1)


def inputs():
    return (torch.tensor([[1, 2, 3, 4, 5], [6, 7, 8, 0, 0]]),)
