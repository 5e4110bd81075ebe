"""lucidrains' cosine similarity attention: both sides of length one, a fixed multiplier of ten."""

import torch
from einops import rearrange
from torch import einsum, nn
from torch.nn import functional as F


def l2norm(t):
    return F.normalize(t, dim=-1)


class Attention(nn.Module):
    def __init__(self, dim=32, dim_head=8, heads=4, scale=10):
        super().__init__()
        self.scale = scale
        self.heads = heads
        self.to_q = nn.Linear(dim, dim_head * heads, bias=False)
        self.to_kv = nn.Linear(dim, dim_head * heads * 2, bias=False)

    def forward(self, x):
        q, k, v = (self.to_q(x), *self.to_kv(x).chunk(2, dim=-1))
        q, k, v = map(lambda t: rearrange(t, "b n (h d) -> b h n d", h=self.heads), (q, k, v))  # noqa: C417
        q, k = map(l2norm, (q, k))
        sim = einsum("b h i d, b h j d -> b h i j", q, k) * self.scale
        attn = sim.softmax(dim=-1)
        out = einsum("b h i j, b h j d -> b h i d", attn, v)
        return rearrange(out, "b h n d -> b n (h d)")


def inputs():
    return (torch.randn(2, 5, 32),)
