"""T5 does not scale: the factor is folded into the initialisation of the query projection."""

import torch
from torch import nn
from torch.nn import functional as F


class T5Attention(nn.Module):
    def __init__(self, d_model=32, d_kv=8, num_heads=4):
        super().__init__()
        self.key_value_proj_dim = d_kv
        self.n_heads = num_heads
        self.inner_dim = num_heads * d_kv
        self.q = nn.Linear(d_model, self.inner_dim, bias=False)
        self.k = nn.Linear(d_model, self.inner_dim, bias=False)
        self.v = nn.Linear(d_model, self.inner_dim, bias=False)
        self.o = nn.Linear(self.inner_dim, d_model, bias=False)
        self.q.weight.data.normal_(mean=0.0, std=(d_model * d_kv) ** -0.5)

    def forward(self, hidden_states, position_bias=None):
        batch_size, seq_length, _ = hidden_states.shape

        def shape(states):
            return states.view(batch_size, -1, self.n_heads, self.key_value_proj_dim).transpose(1, 2)

        query_states, key_states, value_states = shape(self.q(hidden_states)), shape(self.k(hidden_states)), None
        value_states = shape(self.v(hidden_states))
        scores = torch.matmul(query_states, key_states.transpose(3, 2))
        if position_bias is None:
            position_bias = torch.zeros((1, self.n_heads, seq_length, seq_length), dtype=scores.dtype)
        scores += position_bias
        attn_weights = F.softmax(scores.float(), dim=-1).type_as(scores)
        attn_output = torch.matmul(attn_weights, value_states).transpose(1, 2).contiguous()
        return self.o(attn_output.view(batch_size, -1, self.inner_dim))


def inputs():
    return (torch.randn(2, 5, 32),)
