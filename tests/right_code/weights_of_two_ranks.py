"""A helper that takes matrices and stacks of them: the caller has a matrix, as its `.t()` says."""

import torch


def unpacked(packed, scale):
    is_stack = packed.ndim == 3
    if is_stack:
        count, rows, columns = packed.shape
        packed = packed.reshape(-1, columns)
    else:
        rows, columns = packed.shape
    values = (packed.to(torch.float32) * 2).reshape(-1, columns // 2, 2)
    if is_stack:
        values = values.reshape(count, rows, -1, 2)
    values = values * scale
    return values.reshape(*values.shape[:-2], -1)


def multiplied(x, weight, scale):
    unpacked_weight = unpacked(weight.data.view(torch.uint8), scale)
    return torch.matmul(x, unpacked_weight.t())


def inputs():
    return torch.randn(5, 8), torch.randint(0, 255, (6, 8), dtype=torch.uint8), torch.ones(1)
