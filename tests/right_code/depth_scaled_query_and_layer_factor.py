"""GPT-2 with reordered upcast: 1/√d in float32, and a further factor for the layer's depth."""

import torch
from torch import nn


class GPT2Attention(nn.Module):
    def __init__(self, hidden=32, heads=4, layer_idx=1, scale_by_inverse_layer_idx=True):
        super().__init__()
        self.heads = heads
        self.layer_idx = layer_idx
        self.scale_by_inverse_layer_idx = scale_by_inverse_layer_idx
        self.c_attn = nn.Linear(hidden, 3 * hidden)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.c_attn(x).split(c, dim=2))
        attn_weights = torch.matmul(q, k.transpose(-1, -2))
        attn_weights = attn_weights / torch.full([], v.size(-1) ** 0.5, dtype=v.dtype, device=v.device)
        if self.scale_by_inverse_layer_idx:
            attn_weights = attn_weights / float(self.layer_idx + 1)
        return (attn_weights.softmax(-1) @ v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return (torch.randn(2, 5, 32),)
