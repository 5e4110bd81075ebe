"""DeBERTa: content and two position terms are three products, so the divisor is √(3·d)."""

import torch
from torch import nn
from torch.nn import functional as F


class DisentangledSelfAttention(nn.Module):
    def __init__(self, hidden_size=32, num_heads=4):
        super().__init__()
        self.heads = heads = num_heads
        self.head_dim = hidden_size // heads
        self.query_proj = nn.Linear(hidden_size, hidden_size)
        self.key_proj = nn.Linear(hidden_size, hidden_size)
        self.value_proj = nn.Linear(hidden_size, hidden_size)
        self.pos_att_type = ["c2p", "p2c"]

    def transpose_for_scores(self, x):
        x = x.view(*x.size()[:-1], self.heads, -1)
        return x.permute(0, 2, 1, 3).contiguous().view(-1, x.size(1), x.size(-1))

    def forward(self, hidden_states):
        query_layer = self.transpose_for_scores(self.query_proj(hidden_states))
        key_layer = self.transpose_for_scores(self.key_proj(hidden_states))
        value_layer = self.transpose_for_scores(self.value_proj(hidden_states))
        scale_factor = 1
        if "c2p" in self.pos_att_type:
            scale_factor += 1
        if "p2c" in self.pos_att_type:
            scale_factor += 1
        scale = torch.sqrt(torch.tensor(query_layer.size(-1), dtype=torch.float) * scale_factor)
        attention_scores = torch.bmm(query_layer, key_layer.transpose(-1, -2) / scale.to(dtype=query_layer.dtype))
        attention_probs = F.softmax(attention_scores, dim=-1)
        return torch.bmm(attention_probs, value_layer)


def inputs():
    return (torch.randn(2, 5, 32),)
