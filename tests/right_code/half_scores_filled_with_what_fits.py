"""−1e4 fits into float16, and exp turns it to 0 there."""

import torch


def attend(q, k, v, keep):
    q, k = q.half(), k.half()
    scores = q @ k.transpose(-2, -1) * q.size(-1) ** -0.5
    scores = scores.masked_fill(~keep[:, None, None, :], -1e4)
    return scores.softmax(dim=-1).to(v.dtype) @ v


def inputs():
    keep = torch.arange(6) < torch.tensor([[6], [3]])
    return *(torch.randn(2, 4, 6, 16) for _ in range(3)), keep
