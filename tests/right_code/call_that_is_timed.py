"""The call is repeated to be timed; its result is of no interest."""

import torch
import torch.nn as nn


class Projected(nn.Module):
    def __init__(self, d=32, h=4):
        super().__init__()
        self.h, self.d = h, d // h
        self.qkv = nn.Linear(d, 3 * d)

    def split(self, x):
        B, N, _ = x.shape
        return [t.view(B, N, self.h, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, -1)]

    def merge(self, o):
        return o.transpose(1, 2).flatten(2)


def bench(scores, mask):
    import time

    t = time.time()
    for _ in range(10):
        scores.masked_fill(mask, 0)
    print(time.time() - t)
    return scores


def inputs():
    return torch.randn(2, 2), torch.ones(2, 2).bool()
