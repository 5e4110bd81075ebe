"""Without a mask, attention does not see the order of its keys."""

import torch
from torch.nn import functional as F


def attention(q, k, v, past=None):
    if past is not None:
        k, v = torch.cat((k, past[0]), dim=-2), torch.cat((v, past[1]), dim=-2)
    return F.scaled_dot_product_attention(q, k, v), (k, v)


class Attention(torch.nn.Module):
    def forward(self, q, k, v, past=None):
        return attention(q, k, v, past)[0]


def inputs():
    q, k, v = (torch.randn(2, 4, 1, 8) for _ in range(3))
    return q, k, v, (torch.randn(2, 4, 6, 8), torch.randn(2, 4, 6, 8))
