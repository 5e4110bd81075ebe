"""Other libraries' softmax takes the last axis by itself, and a helper of the project may have a default of its own."""

import torch
import torch.nn.functional as F


class Backend:
    @staticmethod
    def softmax(x):
        return torch.softmax(x, dim=-1)


def softmax(x, dim=-1):
    return F.softmax(x, dim=dim)


def attend(query, key, value, options=None):
    scores = query @ key.mT / query.size(-1) ** 0.5
    first = Backend.softmax(scores) @ value
    return first + softmax(scores) @ value + F.softmax(scores, **(options or {"dim": -1})) @ value


def inputs():
    return tuple(torch.randn(2, 4, 5, 8) for _ in range(3))
