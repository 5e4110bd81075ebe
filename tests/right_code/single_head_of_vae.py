"""The AutoencoderKL block: one head over pixels, scaled by the channels it contracts."""

import torch
import torch.nn.functional
from torch import nn


class AttnBlock(nn.Module):
    def __init__(self, in_channels=32):
        super().__init__()
        self.q = nn.Conv2d(in_channels, in_channels, 1)
        self.k = nn.Conv2d(in_channels, in_channels, 1)
        self.v = nn.Conv2d(in_channels, in_channels, 1)

    def forward(self, x):
        q, k, v = self.q(x), self.k(x), self.v(x)
        b, c, h, w = q.shape
        q = q.reshape(b, c, h * w).permute(0, 2, 1)
        k = k.reshape(b, c, h * w)
        w_ = torch.bmm(q, k)
        w_ = w_ * (int(c) ** (-0.5))
        w_ = torch.nn.functional.softmax(w_, dim=2)
        v = v.reshape(b, c, h * w)
        w_ = w_.permute(0, 2, 1)
        return x + torch.bmm(v, w_).reshape(b, c, h, w)


def inputs():
    return (torch.randn(2, 32, 3, 3),)
