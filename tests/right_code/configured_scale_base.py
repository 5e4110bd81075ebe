"""Gemma 2: the scale is the root of a number of the configuration, whatever head_dim is."""

from types import SimpleNamespace

import torch
from torch import nn
from torch.nn import functional as F

CONFIG = SimpleNamespace(hidden=32, heads=4, head_dim=8, query_pre_attn_scalar=16, softcap=50.0)


class GemmaAttention(nn.Module):
    def __init__(self, config=CONFIG):
        super().__init__()
        self.heads = config.heads
        self.head_dim = config.head_dim
        self.scaling = config.query_pre_attn_scalar**-0.5
        self.softcap = config.softcap
        self.q_proj = nn.Linear(config.hidden, config.heads * config.head_dim, bias=False)
        self.k_proj = nn.Linear(config.hidden, config.heads * config.head_dim, bias=False)
        self.v_proj = nn.Linear(config.hidden, config.heads * config.head_dim, bias=False)

    def forward(self, x, attention_mask=None):
        shape = (*x.shape[:-1], -1, self.head_dim)
        q, k, v = (f(x).view(shape).transpose(1, 2) for f in (self.q_proj, self.k_proj, self.v_proj))
        weights = torch.matmul(q, k.transpose(2, 3)) * self.scaling
        if self.softcap is not None:
            weights = weights / self.softcap
            weights = torch.tanh(weights)
            weights = weights * self.softcap
        if attention_mask is not None:
            weights = weights + attention_mask
        weights = F.softmax(weights, dim=-1, dtype=torch.float32).to(q.dtype)
        return torch.matmul(weights, v).transpose(1, 2).reshape(x.shape)


def inputs():
    return (torch.randn(2, 5, 32),)
