"""Sequence-first from end to end: an LSTM and a Transformer of the default layout, steps stacked on axis 0."""

import torch
from torch import nn


class Reader(nn.Module):
    def __init__(self, vocab=20, dim=32, heads=4):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.lstm = nn.LSTM(dim, dim)
        self.start = nn.Parameter(torch.zeros(1, 1, dim))
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(dim, heads, 64), 2, enable_nested_tensor=False)
        self.out = nn.Linear(dim, vocab)

    def forward(self, tokens):
        steps = torch.stack([self.embed(tokens[:, i]) for i in range(tokens.shape[1])], dim=0)
        states, _ = self.lstm(steps)
        x = torch.cat((self.start.expand(-1, tokens.shape[0], -1), states), dim=0)
        return self.out(self.encoder(x)[0])


def inputs():
    return (torch.randint(20, (3, 5)),)
