"""Distributions over a vocabulary, averaged with weights: what is averaged are softmaxes themselves."""

import torch
from torch import einsum, nn


class MixtureOfSoftmaxes(nn.Module):
    def __init__(self, dim=32, mixtures=3, vocabulary=11):
        super().__init__()
        self.embedding = nn.Parameter(torch.randn(vocabulary, dim))
        self.weights = nn.Linear(dim, mixtures)
        self.experts = nn.Linear(dim, mixtures * dim)
        self.mixtures = mixtures

    def forward(self, x):
        b, n, c = x.shape
        mixture = self.weights(x).softmax(dim=-1)
        logits = self.experts(x).view(b, n, self.mixtures, c) @ self.embedding.mT
        return einsum("... k d, ... k -> ... d", logits.softmax(dim=-1), mixture).log()


def inputs():
    return (torch.randn(2, 5, 32),)
