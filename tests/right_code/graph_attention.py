"""GAT: scores are sums of two projections, with zero-filled padding hidden by −9e15."""

import torch
from torch import nn
from torch.nn import functional as F


class GraphAttentionLayer(nn.Module):
    def __init__(self, in_features=32, out_features=16, alpha=0.2, dropout=0.6):
        super().__init__()
        self.dropout = dropout
        self.out_features = out_features
        self.W = nn.Parameter(torch.empty(in_features, out_features).normal_())
        self.a = nn.Parameter(torch.empty(2 * out_features, 1).normal_())
        self.leakyrelu = nn.LeakyReLU(alpha)

    def forward(self, h, adj):
        Wh = torch.mm(h, self.W)
        Wh1 = torch.matmul(Wh, self.a[: self.out_features, :])
        Wh2 = torch.matmul(Wh, self.a[self.out_features :, :])
        e = self.leakyrelu(Wh1 + Wh2.T)
        zero_vec = -9e15 * torch.ones_like(e)
        attention = torch.where(adj > 0, e, zero_vec)
        attention = F.softmax(attention, dim=1)
        attention = F.dropout(attention, self.dropout, training=self.training)
        return F.elu(torch.matmul(attention, Wh))


def inputs():
    return torch.randn(5, 32), torch.eye(5)
