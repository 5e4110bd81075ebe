"""Perceiver's cross-attention: heads by rearrange, folded into the batch, a padding mask repeated for them."""

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import nn

HEAD = "q.shape[-1]"
WIDTH = "x.shape[-1]"
RANK = 3


class CrossAttention(nn.Module):
    def __init__(self, query_dim=32, context_dim=24, heads=4, dim_head=8):
        super().__init__()
        inner_dim = dim_head * heads
        self.heads = heads
        self.scale = dim_head**-0.5
        self.to_q = nn.Linear(query_dim, inner_dim, bias=False)
        self.to_kv = nn.Linear(context_dim, inner_dim * 2, bias=False)
        self.to_out = nn.Linear(inner_dim, query_dim)

    def forward(self, x, context, keep):
        h = self.heads
        q = self.to_q(x)
        k, v = self.to_kv(context).chunk(2, dim=-1)
        q, k, v = (rearrange(t, "b n (h d) -> (b h) n d", h=h) for t in (q, k, v))
        sim = (q @ k.transpose(-2, -1)) * self.scale
        drop = repeat(~keep, "b j -> (b h) 1 j", h=h)
        sim = sim.masked_fill(drop, float("-inf"))
        attn = F.softmax(sim, dim=-1)
        out = rearrange(attn @ v, "(b h) n d -> b n (h d)", h=h)
        return self.to_out(out)


def inputs():
    return torch.randn(2, 5, 32), torch.randn(2, 7, 24), torch.arange(7) < torch.tensor([[7], [4]])
