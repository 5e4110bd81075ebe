"""Query heads are put together group first as well, so that each meets its own key head."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from einops import rearrange, repeat


class GroupedEinops(nn.Module):
    def __init__(self, dim=32, heads=4, kv=2):
        super().__init__()
        self.h, self.kv, self.d = heads, kv, dim // heads
        self.q, self.k, self.v = nn.Linear(dim, dim), nn.Linear(dim, kv * self.d), nn.Linear(dim, kv * self.d)

    def forward(self, x):
        q = rearrange(self.q(x), "b n (h d) -> b h n d", h=self.h)
        k = rearrange(self.k(x), "b n (h d) -> b h n d", h=self.kv)
        v = rearrange(self.v(x), "b n (h d) -> b h n d", h=self.kv)
        k, v = (repeat(t, "b h n d -> b (h g) n d", g=self.h // self.kv) for t in (k, v))
        return rearrange(F.scaled_dot_product_attention(q, k, v), "b h n d -> b n (h d)")


class GroupedTile(GroupedEinops):
    def forward(self, x):
        g = self.h // self.kv
        q = rearrange(self.q(x), "b n (g h d) -> b (g h) n d", h=self.kv, g=g)
        k = rearrange(self.k(x), "b n (h d) -> b h n d", h=self.kv)
        v = rearrange(self.v(x), "b n (h d) -> b h n d", h=self.kv)
        k, v = (repeat(t, "b h n d -> b (g h) n d", g=g) for t in (k, v))
        return rearrange(F.scaled_dot_product_attention(q, k, v), "b h n d -> b n (h d)")


def inputs():
    return (torch.randn(2, 6, 32),)
