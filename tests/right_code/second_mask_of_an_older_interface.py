"""A parameter of an older interface beside the mask that is applied: nobody hands it in."""

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads, self.scale = heads, (dim // heads) ** -0.5
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x, attention_mask, padding_mask=None):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-2, -1) * self.scale + attention_mask
        return self.proj((torch.softmax(scores, dim=-1) @ v).transpose(1, 2).flatten(2))


class Layer(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.attention = Attention(dim)

    def forward(self, x, attention_mask):
        return x + self.attention(x, attention_mask=attention_mask)


def inputs():
    return torch.randn(2, 5, 32), torch.zeros(2, 1, 5, 5)
