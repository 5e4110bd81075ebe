"""A bilinear score between decoder and encoder: only one side is projected."""

import torch
from torch import nn


class GeneralAttention(nn.Module):
    def __init__(self, decoder_dim=32, encoder_dim=24):
        super().__init__()
        self.W = nn.Linear(decoder_dim, encoder_dim, bias=False)

    def forward(self, decoder_states, encoder_states):
        scores = self.W(decoder_states) @ encoder_states.transpose(1, 2)
        weights = scores.softmax(-1)
        return weights @ encoder_states


def inputs():
    return torch.randn(2, 3, 32), torch.randn(2, 5, 24)
