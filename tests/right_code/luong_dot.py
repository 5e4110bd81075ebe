"""Luong's dot score between a decoder state and encoder outputs of a recurrent network: never scaled."""

import torch
from torch import nn
from torch.nn import functional as F


class LuongDecoder(nn.Module):
    def __init__(self, hidden_size=32):
        super().__init__()
        self.gru = nn.GRU(hidden_size, hidden_size, batch_first=True)
        self.concat = nn.Linear(hidden_size * 2, hidden_size)

    def forward(self, embedded, encoder_outputs):
        rnn_output, _ = self.gru(embedded)
        energies = torch.bmm(rnn_output, encoder_outputs.transpose(1, 2))
        attn_weights = F.softmax(energies, dim=-1)
        context = attn_weights.bmm(encoder_outputs)
        return torch.tanh(self.concat(torch.cat((rnn_output, context), dim=-1)))


def inputs():
    return torch.randn(2, 3, 32), torch.randn(2, 5, 32)
