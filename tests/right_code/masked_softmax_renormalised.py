"""AllenNLP's masked softmax: scores times mask, softmax, weights times mask, divided by their sum."""

import torch
import torch.nn.functional
from torch import nn

from attnlint.invariants import padding_ignored


def masked_softmax(vector, mask, dim=-1):
    mask = mask.float()
    while mask.dim() < vector.dim():
        mask = mask.unsqueeze(1)
    result = torch.nn.functional.softmax(vector * mask, dim=dim)
    result = result * mask
    return result / (result.sum(dim=dim, keepdim=True) + 1e-13)


class MultiHeadSelfAttention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.scale = (dim // heads) ** 0.5
        self.proj = nn.Linear(dim, 3 * dim)

    def forward(self, x, mask):
        b, n, c = x.size()
        q, k, v = (t.view(b, n, self.heads, -1).transpose(1, 2) for t in self.proj(x).split(c, dim=-1))
        scores = torch.matmul(q / self.scale, k.transpose(2, 3))
        attention = masked_softmax(scores, mask)
        return torch.matmul(attention, v).transpose(1, 2).reshape(b, n, c)


def inputs():
    return torch.randn(2, 5, 32), torch.arange(5) < torch.tensor([[5], [3]])


INVARIANTS = (padding_ignored(),)
