"""Further keys of an image have no positions, and are no cache."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Projected(nn.Module):
    def __init__(self, d=32, h=4):
        super().__init__()
        self.h, self.d = h, d // h
        self.qkv = nn.Linear(d, 3 * d)

    def split(self, x):
        B, N, _ = x.shape
        return [t.view(B, N, self.h, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, -1)]

    def merge(self, o):
        return o.transpose(1, 2).flatten(2)


def rotate_half(x):
    a, b = x.chunk(2, -1)
    return torch.cat((-b, a), -1)


def rope(x, cos, sin):
    return x * cos + rotate_half(x) * sin


def angles(pos, d):
    f = 1.0 / 10000 ** (torch.arange(0, d, 2).float() / d)
    e = torch.outer(pos.float(), f)
    e = torch.cat((e, e), -1)
    return e.cos(), e.sin()


class IPAdapter(Projected):
    """image tokens (no rope) appended to text keys; rope on own"""

    def forward(self, x, image_kv=None):
        T = x.size(1)
        q, k, v = self.split(x)
        pos = torch.arange(T, device=x.device)
        cos, sin = angles(pos, self.d)
        q, k = rope(q, cos, sin), rope(k, cos, sin)
        if image_kv is not None:
            ik, iv = image_kv
            k, v = torch.cat((ik, k), -2), torch.cat((iv, v), -2)
        return self.merge(F.scaled_dot_product_attention(q, k, v))


def inputs():
    return (torch.randn(2, 6, 32), (torch.randn(2, 4, 6, 8), torch.randn(2, 4, 6, 8)))
