"""einops moves time to axis 0 for nn.MultiheadAttention: each place of a clip attends along its own time."""

import torch
from einops import rearrange
from torch import nn

from attnlint.invariants import batch_independent


class TemporalAttention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.patches = nn.Conv3d(3, dim, (1, 4, 4), (1, 4, 4))
        self.attn = nn.MultiheadAttention(dim, heads)

    def forward(self, clip):
        x = self.patches(clip)
        height = x.shape[-2]
        x = rearrange(x, "b c t h w -> t (b h w) c")
        out, _ = self.attn(x, x, x)
        return rearrange(out, "t (b h w) c -> b t h w c", b=clip.shape[0], h=height)


def inputs():
    return (torch.randn(2, 3, 4, 8, 8),)


INVARIANTS = (batch_independent(),)
