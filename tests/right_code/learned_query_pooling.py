"""Perceiver-like pooling: learned latents as queries, scaled as usual."""

import torch
from einops import rearrange, repeat
from torch import einsum, nn


class LatentPooling(nn.Module):
    def __init__(self, dim=32, heads=4, latents=3):
        super().__init__()
        self.heads = heads
        self.scale = (dim // heads) ** -0.5
        self.latents = nn.Parameter(torch.randn(latents, dim))
        self.to_q = nn.Linear(dim, dim)
        self.to_kv = nn.Linear(dim, 2 * dim)

    def forward(self, x):
        latents = repeat(self.latents, "m d -> b m d", b=x.shape[0])
        q, (k, v) = self.to_q(latents), self.to_kv(x).chunk(2, dim=-1)
        q, k, v = (rearrange(t, "b n (h d) -> b h n d", h=self.heads) for t in (q, k, v))
        sim = einsum("b h i d, b h j d -> b h i j", q * self.scale, k)
        sim = sim - sim.amax(dim=-1, keepdim=True).detach()
        return rearrange(einsum("b h i j, b h j d -> b h i d", sim.softmax(dim=-1), v), "b h n d -> b n (h d)")


def inputs():
    return (torch.randn(2, 5, 32),)
