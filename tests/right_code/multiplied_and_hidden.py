"""GPT-2 of old and Megatron: scores * mask − 1e4 * (1 − mask): zeroed, and hidden in the same line."""

import math

import torch
from torch import nn

from attnlint.invariants import causal


class Attention(nn.Module):
    def __init__(self, n_embd=32, n_head=4, n_ctx=16):
        super().__init__()
        self.n_head = n_head
        self.register_buffer("b", torch.tril(torch.ones(n_ctx, n_ctx)).view(1, 1, n_ctx, n_ctx))
        self.c_attn = nn.Linear(n_embd, 3 * n_embd)

    def _attn(self, q, k, v):
        w = torch.matmul(q, k)
        w = w / math.sqrt(v.size(-1))
        b = self.b[:, :, : w.size(-2), : w.size(-1)]
        w = w * b + -1e4 * (1 - b)
        w = nn.Softmax(dim=-1)(w)
        return torch.matmul(w, v)

    def split_heads(self, x, k=False):
        x = x.view(*x.size()[:-1], self.n_head, x.size(-1) // self.n_head)
        return x.permute(0, 2, 3, 1) if k else x.permute(0, 2, 1, 3)

    def forward(self, x):
        query, key, value = self.c_attn(x).split(x.size(-1), dim=2)
        a = self._attn(self.split_heads(query), self.split_heads(key, k=True), self.split_heads(value))
        return a.permute(0, 2, 1, 3).flatten(2)


def inputs():
    return (torch.randn(2, 5, 32),)


INVARIANTS = (causal(),)
