"""An inner layer calls its mask attention_mask, and is handed what to ignore."""

import torch
from torch import nn

from attnlint.invariants import padding_ignored


class Layer(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.attn = nn.MultiheadAttention(dim, 4, batch_first=True)

    def forward(self, hidden_states, attention_mask):
        return self.attn(hidden_states, hidden_states, hidden_states, key_padding_mask=attention_mask)[0]


class Model(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.layer = Layer(dim)

    def forward(self, x, attention_mask):
        return self.layer(x, attention_mask == 0)


def inputs():
    return torch.randn(2, 5, 32), (torch.arange(5) < torch.tensor([[5], [3]])).long()


INVARIANTS = (padding_ignored(),)
