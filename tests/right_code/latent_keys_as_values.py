"""Multi-head latent attention: the compressed keys are the values, and the scale counts both parts of the head."""

import torch
from torch import nn


class LatentAttention(nn.Module):
    def __init__(self, dim=32, heads=4, rank=16, rope=4, nope=8):
        super().__init__()
        self.heads = heads
        self.rank = rank
        self.softmax_scale = (nope + rope) ** -0.5
        self.wq = nn.Linear(dim, heads * (rank + rope))
        self.wkv = nn.Linear(dim, rank + rope)
        self.wo = nn.Linear(heads * rank, dim)

    def forward(self, x):
        b, n, _ = x.size()
        q = self.wq(x).view(b, n, self.heads, -1)
        kv = self.wkv(x)
        scores = torch.einsum("bshc,btc->bsht", q, kv) * self.softmax_scale
        scores = scores.softmax(dim=-1, dtype=torch.float32).type_as(x)
        out = torch.einsum("bsht,btc->bshc", scores, kv[..., : self.rank])
        return self.wo(out.flatten(2))


def inputs():
    return (torch.randn(2, 5, 32),)
