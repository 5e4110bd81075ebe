"""The cast turns −1e9 into −inf, and a causal mask of −inf leaves something in every row."""

import torch


def attend(q, k, v, keep):
    q, k = q.half(), k.half()
    scores = q @ k.transpose(-2, -1) * q.size(-1) ** -0.5
    T = q.size(-2)
    mask = torch.full((T, T), -1e9).triu(1).to(torch.float16)
    keys = (scores + mask).softmax(dim=-1).to(v.dtype)
    return keys @ v


def inputs():
    keep = torch.arange(6) < torch.tensor([[6], [3]])
    return *(torch.randn(2, 4, 6, 16) for _ in range(3)), keep
