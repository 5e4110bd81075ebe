"""A float32 mask of 0 and −1e9 promotes the half scores: the sum is float32, and nothing overflows."""

import torch


def attend(q, k, v, keep):
    q, k = q.half(), k.half()
    scores = q @ k.transpose(-2, -1) * q.size(-1) ** -0.5
    mask = (1.0 - keep[:, None, None, :].float()) * -1e9
    return (scores + mask).softmax(dim=-1) @ v


def inputs():
    keep = torch.arange(6) < torch.tensor([[6], [3]])
    return *(torch.randn(2, 4, 6, 16) for _ in range(3)), keep
