"""key_padding_mask is True for padding, the mask of SDPA and what pooling keeps are True for real tokens."""

import torch
from torch import nn
from torch.nn import functional as F

from attnlint.invariants import padding_ignored


class Encoder(nn.Module):
    def __init__(self, vocab=50, dim=32, pad=0):
        super().__init__()
        self.pad = pad
        self.embed = nn.Embedding(vocab, dim, padding_idx=pad)
        self.attn = nn.MultiheadAttention(dim, 4, batch_first=True)
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x, tokens):
        keep = tokens != self.pad
        x = x + self.embed(tokens)
        x = self.attn(x, x, x, key_padding_mask=~keep, need_weights=False)[0]
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        x = F.scaled_dot_product_attention(q, k, v, attn_mask=keep[:, None, :])
        return x * keep[..., None]


def inputs():
    return torch.randn(2, 5, 32), torch.tensor([[3, 4, 5, 6, 7], [8, 9, 10, 0, 0]])


INVARIANTS = (padding_ignored(),)
