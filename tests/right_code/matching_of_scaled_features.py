"""Matching of two images: both feature maps are divided by √C, and softmax is taken over each of them."""

import torch
from torch import nn


class FineMatching(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.proj = nn.Linear(dim, dim)

    def forward(self, first, second):
        first, second = self.proj(first), self.proj(second)
        first = first / first.shape[-1] ** 0.5
        second = second / second.shape[-1] ** 0.5
        confidence = first @ second.transpose(-1, -2)
        confidence = nn.functional.softmax(confidence, 1) * nn.functional.softmax(confidence, 2)
        return confidence.max(dim=-1).values


def inputs():
    return torch.randn(2, 5, 32), torch.randn(2, 6, 32)
