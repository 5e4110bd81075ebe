"""A low-rank query: where a layer may be missing, nothing is known of how many axes its output has."""

from types import SimpleNamespace

import torch
from torch import nn


class RMSNorm(nn.Module):
    def __init__(self, size, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        dtype = x.dtype
        x = x.to(torch.float32)
        x = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)
        return self.weight * x.to(dtype)


CONFIG = SimpleNamespace(dim=32, heads=4, head_dim=8, q_lora_rank=12, bias=False, eps=1e-6)


class Attention(nn.Module):
    def __init__(self, layers=(CONFIG,), layer=0):
        super().__init__()
        config = layers[layer]
        self.head_dim, self.rank, inner = config.head_dim, config.q_lora_rank, config.heads * config.head_dim
        self.q_a_proj = nn.Linear(config.dim, self.rank, bias=config.bias) if self.rank is not None else None
        self.q_a_layernorm = RMSNorm(self.rank, eps=config.eps)
        self.q_b_proj = nn.Linear(self.rank, inner, bias=False) if self.rank is not None else None
        self.k_proj, self.v_proj = nn.Linear(config.dim, inner), nn.Linear(config.dim, inner)

    def forward(self, x):
        batch_size, seq_length = x.shape[:-1]
        shape = (batch_size, seq_length, -1, self.head_dim)
        query = self.q_b_proj(self.q_a_layernorm(self.q_a_proj(x))).view(shape).transpose(1, 2)
        key, value = self.k_proj(x).view(shape).transpose(1, 2), self.v_proj(x).view(shape).transpose(1, 2)
        weights = torch.softmax(query @ key.transpose(2, 3) * self.head_dim**-0.5, dim=-1)
        return (weights @ value).transpose(1, 2).flatten(2)


def inputs():
    return (torch.randn(2, 5, 32),)
