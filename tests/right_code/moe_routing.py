"""A mixture of experts: the router's softmax weighs experts, the dispatch is a product with them."""

import torch
from torch import nn


class SparseMoE(nn.Module):
    def __init__(self, dim=32, num_experts=4, slots=2):
        super().__init__()
        self.phi = nn.Parameter(torch.randn(dim, num_experts * slots))
        self.experts = nn.ModuleList([nn.Linear(dim, dim) for _ in range(num_experts)])
        self.slots = slots

    def forward(self, x):
        logits = x @ self.phi
        dispatch = logits.softmax(dim=1)
        combine = logits.softmax(dim=-1)
        slots = dispatch.transpose(1, 2) @ x
        outs = [expert(part) for expert, part in zip(self.experts, slots.split(self.slots, dim=1), strict=True)]
        return combine @ torch.cat(outs, dim=1)


def inputs():
    return (torch.randn(2, 5, 32),)
