"""Slot attention: softmax over the slots, then normalised over the inputs."""

import torch
from torch import nn


class SlotAttention(nn.Module):
    def __init__(self, num_slots=3, dim=32, iters=2, eps=1e-8):
        super().__init__()
        self.iters = iters
        self.eps = eps
        self.scale = dim**-0.5
        self.slots = nn.Parameter(torch.randn(1, num_slots, dim))
        self.to_q = nn.Linear(dim, dim)
        self.to_k = nn.Linear(dim, dim)
        self.to_v = nn.Linear(dim, dim)
        self.gru = nn.GRUCell(dim, dim)

    def forward(self, inputs):
        b, _n, d = inputs.shape
        k, v = self.to_k(inputs), self.to_v(inputs)
        slots = self.slots.expand(b, -1, -1)
        for _ in range(self.iters):
            q = self.to_q(slots)
            dots = torch.einsum("bid,bjd->bij", q, k) * self.scale
            attn = dots.softmax(dim=1) + self.eps
            attn = attn / attn.sum(dim=-1, keepdim=True)
            updates = torch.einsum("bjd,bij->bid", v, attn)
            slots = self.gru(updates.reshape(-1, d), slots.reshape(-1, d)).reshape(b, -1, d)
        return slots


def inputs():
    return (torch.randn(2, 5, 32),)
