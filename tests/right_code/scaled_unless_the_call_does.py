"""The query is scaled by hand where no fused call follows: whether the code is scripted does not change on the way."""

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4, use_fused=False):
        super().__init__()
        self.d_k = dim // heads
        self.inv_sqrt_d_k = 1.0 / self.d_k**0.5
        self.use_fused = use_fused
        self.linear_q, self.linear_k, self.linear_v = nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, dim)

    def forward(self, query, key, value):
        n_batch = query.size(0)
        q = self.linear_q(query).view(n_batch, -1, 4, self.d_k)
        k = self.linear_k(key).view(n_batch, -1, 4, self.d_k).transpose(1, 2)
        v = self.linear_v(value).view(n_batch, -1, 4, self.d_k).transpose(1, 2)
        q = (
            q.transpose(1, 2)
            if self.use_fused and not torch.jit.is_scripting()
            else q.transpose(1, 2) * self.inv_sqrt_d_k
        )
        if self.use_fused and not torch.jit.is_scripting():
            out = F.scaled_dot_product_attention(q, k, v)
        else:
            out = torch.softmax(q @ k.transpose(-2, -1), dim=-1) @ v
        return out.transpose(1, 2).flatten(2)


def inputs():
    return (torch.randn(2, 5, 32),) * 3
