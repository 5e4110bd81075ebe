"""x-transformers' QK-norm: unit vectors with learned gains, so that no fixed factor is left to give."""

import torch
from einops import rearrange
from torch import einsum, nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        dim_head = dim // heads
        self.qk_norm_q_scale = nn.Parameter(torch.ones(heads, 1, dim_head))
        self.qk_norm_k_scale = nn.Parameter(torch.ones(heads, 1, dim_head))
        self.scale = 10
        self.to_qkv = nn.Linear(dim, dim * 3, bias=False)

    def forward(self, x):
        q, k, v = (rearrange(t, "b n (h d) -> b h n d", h=self.heads) for t in self.to_qkv(x).chunk(3, dim=-1))
        q, k = (F.normalize(t, dim=-1) for t in (q, k))
        q, k = q * self.qk_norm_q_scale, k * self.qk_norm_k_scale
        attn = (einsum("b h i d, b h j d -> b h i j", q, k) * self.scale).softmax(dim=-1)
        return rearrange(einsum("b h i j, b h j d -> b h i d", attn, v), "b h n d -> b n (h d)")


def inputs():
    return (torch.randn(2, 5, 32),)
