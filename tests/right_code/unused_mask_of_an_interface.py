"""The signature is shared by a zoo of attention layers: more than the mask goes unread."""

import torch
from torch import nn


class FrequencyAttention(nn.Module):
    def __init__(self, scale=None):
        super().__init__()
        self.scale = scale

    def forward(self, queries, keys, values, attn_mask=None, tau=None, delta=None):
        scale = self.scale or queries.shape[-1] ** -0.5
        scores = torch.einsum("blhe,bshe->bhls", queries, keys)
        return torch.einsum("bhls,bshd->blhd", torch.softmax(scale * scores, dim=-1), values)


def inputs():
    return torch.randn(2, 5, 4, 8), torch.randn(2, 5, 4, 8), torch.randn(2, 5, 4, 8)
