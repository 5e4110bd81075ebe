"""One head of a lecture's language model: three projections to head_size, rank 3."""

import torch
import torch.nn.functional as F
from torch import nn

HEAD = "k.shape[-1]"
WIDTH = "C"
RANK = 3


class Head(nn.Module):
    def __init__(self, n_embd=32, head_size=8, block_size=16):
        super().__init__()
        self.key = nn.Linear(n_embd, head_size, bias=False)
        self.query = nn.Linear(n_embd, head_size, bias=False)
        self.value = nn.Linear(n_embd, head_size, bias=False)
        self.register_buffer("tril", torch.tril(torch.ones(block_size, block_size)))

    def forward(self, x):
        B, T, C = x.shape
        k = self.key(x)
        q = self.query(x)
        wei = (q @ k.transpose(-2, -1)) * k.shape[-1] ** -0.5
        wei = wei.masked_fill(self.tril[:T, :T] == 0, float("-inf"))
        wei = F.softmax(wei, dim=-1)
        v = self.value(x)
        return wei @ v


def inputs():
    return (torch.randn(2, 6, 32),)
