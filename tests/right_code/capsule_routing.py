"""Capsules: agreement goes through a softmax over the outer capsules, in rounds."""

import torch
from torch import nn
from torch.nn import functional as F


class CapsuleLayer(nn.Module):
    def __init__(self, in_caps=6, out_caps=3, dim=8):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(in_caps, out_caps, dim, dim))
        self.out_caps = out_caps

    def forward(self, x):
        u_hat = torch.einsum("bid,iodk->biok", x, self.weight)
        b = torch.zeros(x.size(0), x.size(1), self.out_caps, device=x.device)
        v = u_hat.sum(dim=1)
        for _ in range(3):
            c = F.softmax(b, dim=2)
            s = torch.einsum("bio,biok->bok", c, u_hat)
            v = s / (1 + s.norm(dim=-1, keepdim=True))
            b = b + torch.einsum("biok,bok->bio", u_hat, v)
        return v


def inputs():
    return (torch.randn(2, 6, 8),)
