"""(1 − mask) * finfo.min, the extended mask of BERT."""

import math

import torch
from torch import nn

from attnlint.invariants import padding_ignored


class BertSelfAttention(nn.Module):
    def __init__(self, hidden_size=32, num_attention_heads=4):
        super().__init__()
        self.num_attention_heads = num_attention_heads
        self.attention_head_size = hidden_size // num_attention_heads
        self.query = nn.Linear(hidden_size, hidden_size)
        self.key = nn.Linear(hidden_size, hidden_size)
        self.value = nn.Linear(hidden_size, hidden_size)
        self.dropout = nn.Dropout(0.1)

    def transpose_for_scores(self, x):
        return x.view(*x.size()[:-1], self.num_attention_heads, self.attention_head_size).permute(0, 2, 1, 3)

    def get_extended_attention_mask(self, attention_mask, dtype):
        extended = attention_mask[:, None, None, :].to(dtype=dtype)
        return (1.0 - extended) * torch.finfo(dtype).min

    def forward(self, hidden_states, attention_mask):
        mask = self.get_extended_attention_mask(attention_mask, hidden_states.dtype)
        query_layer = self.transpose_for_scores(self.query(hidden_states))
        key_layer = self.transpose_for_scores(self.key(hidden_states))
        value_layer = self.transpose_for_scores(self.value(hidden_states))
        scores = torch.matmul(query_layer, key_layer.transpose(-1, -2)) / math.sqrt(self.attention_head_size)
        probs = self.dropout(nn.functional.softmax(scores + mask, dim=-1))
        return torch.matmul(probs, value_layer).permute(0, 2, 1, 3).flatten(2)


def inputs():
    return torch.randn(2, 5, 32), (torch.arange(5) < torch.tensor([[5], [3]])).long()


INVARIANTS = (padding_ignored(),)
