"""Luong's general score: one learned bilinear form, without heads."""

import torch
from torch import nn
from torch.nn import functional as F


class Attn(nn.Module):
    def __init__(self, method="general", hidden_size=32):
        super().__init__()
        self.method = method
        self.attn = nn.Linear(hidden_size, hidden_size)

    def general_score(self, hidden, encoder_output):
        energy = self.attn(encoder_output)
        return torch.sum(hidden * energy, dim=2)

    def dot_score(self, hidden, encoder_output):
        return torch.sum(hidden * encoder_output, dim=2)

    def forward(self, hidden, encoder_outputs):
        if self.method == "general":
            attn_energies = self.general_score(hidden, encoder_outputs)
        else:
            attn_energies = self.dot_score(hidden, encoder_outputs)
        attn_energies = attn_energies.t()
        return F.softmax(attn_energies, dim=1).unsqueeze(1)


def inputs():
    return torch.randn(1, 2, 32), torch.randn(5, 2, 32)
