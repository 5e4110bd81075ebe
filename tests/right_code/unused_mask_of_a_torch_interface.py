"""A layer for nn.TransformerDecoder, which hands it four masks: queries and memory of one length need none."""

import torch
from torch import nn


class QueryDecoderLayer(nn.Module):
    def __init__(self, d_model=32, nhead=4):
        super().__init__()
        self.attention = nn.MultiheadAttention(d_model, nhead)
        self.norm = nn.LayerNorm(d_model)

    def forward(
        self,
        tgt,
        memory,
        tgt_mask=None,
        memory_mask=None,
        tgt_key_padding_mask=None,
        memory_key_padding_mask=None,
    ):
        return self.norm(tgt + self.attention(tgt, memory, memory)[0])


def inputs():
    return torch.randn(3, 2, 32), torch.randn(7, 2, 32)
