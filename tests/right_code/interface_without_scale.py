"""Idefics and T5-like models hand scaling=1.0 to the dispatcher on purpose, after scaling the query."""

import torch
from torch import nn


def eager_attention_forward(module, query, key, value, attention_mask, scaling, dropout=0.0):
    weights = torch.matmul(query, key.transpose(-1, -2)) * scaling
    weights = nn.functional.softmax(weights, dim=-1)
    weights = nn.functional.dropout(weights, p=dropout, training=module.training)
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), weights


class BartAttention(nn.Module):
    def __init__(self, embed_dim=32, num_heads=4, dropout=0.1):
        super().__init__()
        self.num_heads = num_heads
        self.head_dim = embed_dim // num_heads
        self.scaling = self.head_dim**-0.5
        self.dropout = dropout
        self.q_proj = nn.Linear(embed_dim, embed_dim)
        self.k_proj = nn.Linear(embed_dim, embed_dim)
        self.v_proj = nn.Linear(embed_dim, embed_dim)

    def forward(self, x):
        b, n, _ = x.shape
        query = (self.q_proj(x) * self.scaling).view(b, n, self.num_heads, -1).transpose(1, 2)
        key = self.k_proj(x).view(b, n, self.num_heads, -1).transpose(1, 2)
        value = self.v_proj(x).view(b, n, self.num_heads, -1).transpose(1, 2)
        attention_interface = eager_attention_forward
        out, _ = attention_interface(
            self, query, key, value, None, dropout=0.0 if not self.training else self.dropout, scaling=1.0
        )
        return out.reshape(b, n, -1)


def inputs():
    return (torch.randn(2, 5, 32),)
