"""One arm repeats a block, the other makes a block for each item: who chooses between them shares on purpose."""

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim)

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        return x + F.scaled_dot_product_attention(q, k, v)


class Stack(nn.Module):
    def __init__(self, dim=32, depth=3, interpretable=True):
        super().__init__()
        if interpretable:
            block = Block(dim)
            self.blocks_list = [block] * depth
        else:
            self.blocks_list = [Block(dim) for _ in range(depth)]
        self.blocks = nn.ModuleList(self.blocks_list)

    def forward(self, x):
        for block in self.blocks_list:
            x = block(x)
        return x


def inputs():
    return (torch.randn(2, 6, 32),)
