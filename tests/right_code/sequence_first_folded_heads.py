"""Sequence-first (T, B, H·D) viewed as (T, B·H, D) keeps heads beside samples, so the transpose after it is right."""

import torch
from torch import nn

from attnlint.invariants import causal


class Attention(nn.Module):
    def __init__(self, embed_dim=32, num_heads=4):
        super().__init__()
        self.num_heads = num_heads
        self.head_dim = embed_dim // num_heads
        self.q_proj = nn.Linear(embed_dim, embed_dim)
        self.k_proj = nn.Linear(embed_dim, embed_dim)
        self.v_proj = nn.Linear(embed_dim, embed_dim)

    def forward(self, x):
        bsz, tgt_len, embed_dim = x.size()
        x = x.transpose(0, 1)
        q = self.q_proj(x) * self.head_dim**-0.5
        k, v = self.k_proj(x), self.v_proj(x)
        q = q.contiguous().view(tgt_len, bsz * self.num_heads, self.head_dim).transpose(0, 1)
        k = k.contiguous().view(-1, bsz * self.num_heads, self.head_dim).transpose(0, 1)
        v = v.contiguous().view(-1, bsz * self.num_heads, self.head_dim).transpose(0, 1)
        scores = torch.bmm(q, k.transpose(1, 2))
        future = torch.ones(tgt_len, tgt_len, dtype=torch.bool).triu(1)
        weights = scores.masked_fill(future, float("-inf")).softmax(-1)
        output = torch.bmm(weights, v)
        output = output.transpose(0, 1).contiguous().view(tgt_len, bsz, embed_dim)
        return output.transpose(0, 1)


def inputs():
    return (torch.randn(2, 6, 32),)


INVARIANTS = (causal(),)
