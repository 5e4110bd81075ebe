"""nn.MultiheadAttention wants the mask beside the hint is_causal=True; neither its scale nor its dropout is ours."""

import torch
from torch import nn

from attnlint.invariants import causal


class Block(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.attn = nn.MultiheadAttention(dim, heads, dropout=0.1, batch_first=True)

    def forward(self, x):
        T = x.size(1)
        mask = nn.Transformer.generate_square_subsequent_mask(T, device=x.device)
        out, _ = self.attn(x, x, x, attn_mask=mask, is_causal=True, need_weights=False)
        return out


def inputs():
    return (torch.randn(2, 5, 32),)


INVARIANTS = (causal(),)
