"""Sequences without padding, one after the other: their lengths say what a mask would, which the interface has."""

import torch
from flash_attn import flash_attn_varlen_qkvpacked_func
from torch import nn


class ModernBertAttention(nn.Module):
    def __init__(self, dim=32, heads=4, dropout=0.1):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.Wqkv, self.Wo = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, hidden_states, attention_mask=None, cu_seqlens=None, max_seqlen=None):
        qkv = self.Wqkv(hidden_states).view(-1, 3, self.heads, hidden_states.shape[-1] // self.heads)
        p = self.dropout if self.training else 0.0
        y = flash_attn_varlen_qkvpacked_func(qkv, cu_seqlens=cu_seqlens, max_seqlen=max_seqlen, dropout_p=p)
        return self.Wo(y.view(-1, hidden_states.shape[-1]))


def inputs():
    return torch.randn(10, 32), None, torch.tensor([0, 5, 10], dtype=torch.int32), 5
