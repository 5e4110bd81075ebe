"""BLOOM: alibi is baddbmm's input, the factor its alpha."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class BloomAttention(nn.Module):
    def __init__(self, hidden_size=32, num_heads=4):
        super().__init__()
        self.num_heads = num_heads
        self.head_dim = hidden_size // num_heads
        self.inv_norm_factor = 1.0 / math.sqrt(self.head_dim)
        self.beta = 1.0
        self.query_key_value = nn.Linear(hidden_size, 3 * hidden_size)

    def forward(self, hidden_states, alibi):
        batch, length, _ = hidden_states.shape
        fused = self.query_key_value(hidden_states).view(batch, length, self.num_heads, 3, self.head_dim)
        q, k, v = fused[..., 0, :], fused[..., 1, :], fused[..., 2, :]
        q = q.transpose(1, 2).reshape(batch * self.num_heads, length, self.head_dim)
        k = k.permute(0, 2, 3, 1).reshape(batch * self.num_heads, self.head_dim, length)
        v = v.transpose(1, 2).reshape(batch * self.num_heads, length, self.head_dim)
        scores = alibi.baddbmm(batch1=q, batch2=k, beta=self.beta, alpha=self.inv_norm_factor)
        weights = F.softmax(scores.view(batch, self.num_heads, length, -1), dim=-1, dtype=torch.float32).to(q.dtype)
        context = torch.bmm(weights.view(batch * self.num_heads, length, -1), v)
        return context.view(batch, self.num_heads, length, -1).transpose(1, 2).reshape(batch, length, -1)


def inputs():
    return torch.randn(2, 5, 32), torch.randn(8, 1, 5)
