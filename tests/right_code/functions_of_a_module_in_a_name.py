"""What is called on the name of a module is a function of it, not a method of a tensor."""

import sys

import torch

ops = sys.modules["torch"]


def attend(q, k, v):
    """Keys are laid out as one matrix before they are turned."""
    k = ops.reshape(k, (k.shape[0], -1))
    return torch.softmax(q @ k.T / q.size(-1) ** 0.5, dim=-1) @ v


def inputs():
    return torch.randn(5, 32), torch.randn(7, 4, 8), torch.randn(7, 32)
