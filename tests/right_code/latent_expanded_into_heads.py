"""Multi-head latent attention: the axis before the tokens has the extent one, so that the view moves nothing."""

import torch
from torch import nn


class LatentAttention(nn.Module):
    def __init__(self, dim=32, heads=4, rank=12, nope=6, value_dim=8):
        super().__init__()
        self.nope, self.value_dim, self.qk_dim = nope, value_dim, nope
        self.q_proj = nn.Linear(dim, heads * nope, bias=False)
        self.kv_a_proj = nn.Linear(dim, rank, bias=False)
        self.kv_b_proj = nn.Linear(rank, heads * (nope + value_dim), bias=False)
        self.scaling = nope**-0.5

    def expand_kv(self, latent):
        batch_size, _, seq_length, _ = latent.shape
        key_shape = (batch_size, seq_length, -1, self.nope + self.value_dim)
        expanded = self.kv_b_proj(latent).view(key_shape).transpose(1, 2)
        return torch.split(expanded, [self.nope, self.value_dim], dim=-1)

    def forward(self, x, cache=None):
        batch_size, seq_length = x.shape[:-1]
        query = self.q_proj(x).view(batch_size, seq_length, -1, self.qk_dim).transpose(1, 2)
        latent = self.kv_a_proj(x).view(batch_size, 1, seq_length, -1)
        if cache is not None:
            latent = cache.update(latent)
        key, value = self.expand_kv(latent)
        weights = torch.softmax(query @ key.transpose(2, 3) * self.scaling, dim=-1)
        return (weights @ value).transpose(1, 2).flatten(2)


def inputs():
    return (torch.randn(2, 5, 32),)
