"""T5 with its bucketed bias, learned together with scores that are not scaled, initialised elsewhere."""

import torch
from torch import nn


class T5Attention(nn.Module):
    def __init__(self, d_model=32, d_kv=8, num_heads=4, num_buckets=8):
        super().__init__()
        self.d_kv = d_kv
        self.n_heads = num_heads
        self.num_buckets = num_buckets
        self.q = nn.Linear(d_model, num_heads * d_kv, bias=False)
        self.k = nn.Linear(d_model, num_heads * d_kv, bias=False)
        self.v = nn.Linear(d_model, num_heads * d_kv, bias=False)
        self.relative_attention_bias = nn.Embedding(num_buckets, num_heads)

    def compute_bias(self, length, device):
        position = torch.arange(length, device=device)
        distance = (position[None, :] - position[:, None]).clamp(-self.num_buckets // 2, self.num_buckets // 2 - 1)
        values = self.relative_attention_bias(distance + self.num_buckets // 2)
        return values.permute([2, 0, 1]).unsqueeze(0)

    def forward(self, x):
        b, n, _ = x.shape
        q, k, v = (f(x).view(b, n, self.n_heads, self.d_kv).transpose(1, 2) for f in (self.q, self.k, self.v))
        scores = torch.matmul(q, k.transpose(3, 2))
        scores = scores + self.compute_bias(n, x.device)
        weights = nn.functional.softmax(scores.float(), dim=-1).type_as(scores)
        return torch.matmul(weights, v).transpose(1, 2).reshape(b, n, -1)


def inputs():
    return (torch.randn(2, 5, 32),)
