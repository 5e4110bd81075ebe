"""What the mends of layout rules write, and that the mended code computes what right code computes."""

from __future__ import annotations

import pytest
import torch
from test_harness import edited

from attnlint import Diagnostic, lint_source
from attnlint.invariants import permutation_equivariant, tokens_mix

HEADER = """\
import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, dim=16, heads=4):
        super().__init__()
        self.heads, self.head_dim = heads, dim // heads
        self.q, self.k, self.v = nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, dim)

    def forward(self, x):
        B, T, C = x.shape
"""
SPLIT = "{0} = self.{0}(x).view(B, T, self.heads, self.head_dim).transpose(1, 2)"
RIGHT = [SPLIT.format(name) for name in "qkv"]
CALL = "y = F.scaled_dot_product_attention(q, k, v)"
MERGE = "return y.transpose(1, 2).reshape(B, T, C)"

ROWS = [
    (
        "ATN501",
        [*RIGHT[:2], "v = self.v(x).view(B, self.heads, T, self.head_dim)", CALL, MERGE],
        "v = self.v(x).view(B, T, self.heads, self.head_dim).transpose(1, 2)",
    ),
    (
        "ATN501",
        [*RIGHT[:2], "v = self.v(x).reshape(B, self.heads, -1, self.head_dim)", CALL, MERGE],
        "v = self.v(x).view(B, -1, self.heads, self.head_dim).transpose(1, 2)",
    ),
    (
        "ATN501",
        [
            *RIGHT[:2],
            "v = self.v(x).view(B * self.heads, -1, self.head_dim)",
            "v = v.view(B, self.heads, T, self.head_dim)",
            CALL,
            MERGE,
        ],
        "v = self.v(x).view(B, -1, self.heads, self.head_dim).transpose(1, 2)"
        ".reshape(B * self.heads, -1, self.head_dim)",
    ),
    ("ATN502", [*RIGHT, CALL, "return y.reshape(B, T, C)"], "return y.transpose(1, 2).reshape(B, T, C)"),
    (
        "ATN502",
        [
            *RIGHT,
            "y = (q @ k.mT / self.head_dim**0.5).softmax(-1) @ v",
            "y = y.contiguous().view(B, -1, C)",
            "return y",
        ],
        "y = y.contiguous().transpose(1, 2).reshape(B, -1, C)",
    ),
    (
        "ATN503",
        [
            *(line.removesuffix(".transpose(1, 2)") for line in RIGHT),
            "y = F.scaled_dot_product_attention(q, k, value=v)",
            "return y.reshape(B, T, C)",
        ],
        "y = F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), value=v.transpose(1, 2))"
        ".transpose(1, 2)",
    ),
    (
        "ATN108",
        [*RIGHT, "w = (q @ k / self.head_dim**0.5).softmax(-1)", "y = w @ v", MERGE],
        "w = (q @ k.transpose(-2, -1) / self.head_dim**0.5).softmax(-1)",
    ),
    (
        "ATN108",
        [*RIGHT, "w = (torch.matmul(q, k) / self.head_dim**0.5).softmax(-1)", "y = w @ v", MERGE],
        "w = (torch.matmul(q, k.transpose(-2, -1)) / self.head_dim**0.5).softmax(-1)",
    ),
]
INPUTS = (torch.randn(2, 5, 16, generator=torch.Generator().manual_seed(0)),)


def module(lines: list[str]) -> str:
    return HEADER + "".join(f"        {line}\n" for line in lines)


def mended(code: str, lines: list[str]) -> tuple[Diagnostic, str]:
    (found,) = lint_source(module(lines))
    assert found.code == code
    assert found.fix is not None
    return found, edited(module(lines), found.fix.edits)


@pytest.mark.parametrize(("code", "lines", "right"), ROWS, ids=lambda value: value if isinstance(value, str) else "")
def test_the_mend_writes_right_code(code: str, lines: list[str], right: str) -> None:
    _, text = mended(code, lines)
    assert right in [line.strip() for line in text.splitlines()]
    assert lint_source(text) == []
    namespace: dict[str, type[torch.nn.Module]] = {}
    exec(compile(text, "mended.py", "exec"), namespace)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        attention = namespace["Attention"]().eval()
    for invariant in (permutation_equivariant(), tokens_mix()):
        assert invariant(attention, *INPUTS).value < 1e-5, invariant.name
