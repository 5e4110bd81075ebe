"""The hint is_causal=True beside the causal mask; beside another where weights or padding make the module use that."""

import torch
from torch import nn


class Blocks(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        layer = nn.TransformerEncoderLayer(dim, heads, 64, 0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.decoder = nn.TransformerDecoderLayer(dim, heads, 64, 0.1, batch_first=True)

    def forward(self, x, padding):
        size = x.size(1)
        causal = torch.ones(size, size, dtype=torch.bool).triu(1)
        ahead = torch.ones(size, size, dtype=torch.bool).triu(3)
        x = self.encoder(x, mask=causal, is_causal=True)
        x = x + self.attn(x, x, x, attn_mask=ahead, is_causal=True)[0]
        x = x + self.attn(x, x, x, padding, attn_mask=ahead, need_weights=False, is_causal=True)[0]
        return self.decoder(x, x, tgt_mask=causal, tgt_is_causal=True)


def inputs():
    return torch.randn(2, 5, 32), torch.arange(5) >= torch.tensor([[5], [3]])
