"""A free function with an optional mask, 0 where nothing is to be seen."""

import math

import torch
import torch.nn.functional as F

HEAD = "d_k"
RANK = 4


def attend(query, key, value, mask=None):
    d_k = query.size(-1)
    scores = (query @ key.transpose(-2, -1)) * (1 / math.sqrt(d_k))
    if mask is not None:
        scores = scores.masked_fill(mask == 0, float("-inf"))
    weights = F.softmax(scores, dim=-1)
    return weights @ value, weights


def inputs():
    mask = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])[:, None, None, :]
    return torch.randn(2, 3, 5, 8), torch.randn(2, 3, 5, 8), torch.randn(2, 3, 5, 8), mask
