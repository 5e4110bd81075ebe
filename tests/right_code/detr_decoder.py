"""DETR's layout: features of a convolution as (cells, batch, channels), learned queries repeated on axis 1."""

import torch
from torch import nn

from attnlint.invariants import batch_independent


class Detector(nn.Module):
    def __init__(self, dim=32, heads=4, queries=5, classes=3):
        super().__init__()
        self.backbone = nn.Conv2d(3, dim, 4, 4)
        self.query_embed = nn.Embedding(queries, dim)
        self.row_embed = nn.Parameter(torch.rand(16, 1, dim))
        self.transformer = nn.Transformer(dim, heads, 1, 1, 64, 0.1)
        self.class_embed = nn.Linear(dim, classes)

    def forward(self, image):
        features = self.backbone(image)
        bs = features.shape[0]
        src = features.flatten(2).permute(2, 0, 1) + self.row_embed
        target = self.query_embed.weight.unsqueeze(1).repeat(1, bs, 1)
        hs = self.transformer(src, target).transpose(0, 1)
        return self.class_embed(hs)


def inputs():
    return (torch.randn(2, 3, 16, 16),)


INVARIANTS = (batch_independent(),)
