"""Top-k routing: a classifier over experts, softmax, and no product with values."""

import torch
from torch import nn
from torch.nn import functional as F


class Router(nn.Module):
    def __init__(self, dim=32, num_experts=4, top_k=2):
        super().__init__()
        self.gate = nn.Linear(dim, num_experts, bias=False)
        self.top_k = top_k

    def forward(self, x):
        router_logits = self.gate(x)
        routing_weights = F.softmax(router_logits, dim=-1, dtype=torch.float)
        routing_weights, _selected = torch.topk(routing_weights, self.top_k, dim=-1)
        routing_weights /= routing_weights.sum(dim=-1, keepdim=True)
        return routing_weights


def inputs():
    return (torch.randn(2, 5, 32),)
