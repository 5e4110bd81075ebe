"""Tokens and slots attend to one another: two softmaxes over the two axes of the same scores, each on purpose."""

import torch
from torch import einsum, nn


class MutualAttention(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.scale = dim**-0.5
        self.q = nn.Linear(dim, dim)
        self.k = nn.Linear(dim, dim)
        self.token_values = nn.Linear(dim, dim)
        self.slot_values = nn.Linear(dim, dim)

    def forward(self, tokens, slots):
        sim = einsum("btd,bsd->bts", self.q(tokens), self.k(slots)) * self.scale
        over_tokens = sim.softmax(dim=-2)
        over_slots = sim.softmax(dim=-1)
        tokens_out = einsum("bts,bsd->btd", over_tokens, self.slot_values(slots))
        slots_out = einsum("bts,btd->bsd", over_slots, self.token_values(tokens))
        return tokens_out, slots_out


def inputs():
    return torch.randn(2, 5, 32), torch.randn(2, 3, 32)
