"""A free function that takes its temperature: the caller's choice."""

import torch


def attend(query, key, value, temperature=8.0):
    scores = query @ key.transpose(-2, -1) / temperature
    return scores.softmax(dim=-1) @ value


def inputs():
    return (*3 * [torch.randn(2, 4, 5, 8)],)
