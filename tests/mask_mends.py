"""What the mends of the mask rules write: rows for the table of `test_mends`, as whole modules."""

from __future__ import annotations

from test_fused_spellings import module as fused
from test_spellings import module

Row = tuple[str, str, str | None]

INF = 'float("-inf")'
ONES = "torch.ones(T, T)"
VALID = "valid = torch.arange(T)[None, :] < keep.sum(dim=1)[:, None]\n"
SCORES: list[Row] = [
    (
        "ATN207",
        f"scores = scores.masked_fill({ONES}.tril() == 1, {INF})",
        f"scores = scores.masked_fill({ONES}.tril() != 1, {INF})",
    ),
    (
        "ATN207",
        f"scores = scores.masked_fill(~{ONES}.triu(1).bool(), -1e9)",
        f"scores = scores.masked_fill({ONES}.triu(1).bool(), -1e9)",
    ),
    (
        "ATN207",
        f"scores = scores.masked_fill({ONES}.tril(-1).bool(), {INF})",
        f"scores = scores.masked_fill({ONES}.tril(-1).bool().transpose(-2, -1), {INF})",
    ),
    ("ATN207", f"scores = scores + {ONES}.tril() * -1e9", None),
    (
        "ATN206",
        f"scores = scores.masked_fill(torch.triu({ONES}) == 1, {INF})",
        f"scores = scores.masked_fill(torch.triu({ONES}, 1) == 1, {INF})",
    ),
    (
        "ATN206",
        f"scores = scores.masked_fill({ONES}.triu().bool(), {INF})",
        f"scores = scores.masked_fill({ONES}.triu(1).bool(), {INF})",
    ),
    (
        "ATN206",
        f"scores = scores.masked_fill({ONES}.tril(diagonal=-1) == 0, -1e9)",
        f"scores = scores.masked_fill({ONES}.tril(diagonal=0) == 0, -1e9)",
    ),
    (
        "ATN206",
        f"scores = scores.masked_fill({ONES}.triu(1).T == 0, -1e9)",
        f"scores = scores.masked_fill({ONES}.triu(0).T == 0, -1e9)",
    ),
    (
        "ATN206",
        f"scores = scores.masked_fill({ONES}.tril(1).logical_not(), -1e9)",
        f"scores = scores.masked_fill({ONES}.tril(0).logical_not(), -1e9)",
    ),
    (
        "ATN206",
        f"scores = torch.where(torch.arange(T)[:, None] > torch.arange(T)[None], scores, {INF})",
        None,
    ),
    (
        "ATN214",
        f"scores = scores + {ONES}.tril()",
        f"scores = scores.masked_fill({ONES}.tril() == 0, {INF})",
    ),
    (
        "ATN214",
        f"scores = {ONES}.bool().triu(1) + scores",
        f"scores = scores.masked_fill({ONES}.bool().triu(1) == 1, {INF})",
    ),
    ("ATN214", f"scores += {ONES}.tril()", None),
    (
        "ATN203",
        f"scores = scores + torch.triu({ONES}, diagonal=1) * {INF}",
        f"scores = scores + torch.triu(torch.full((T, T), {INF}), diagonal=1)",
    ),
    (
        "ATN203",
        "scores = scores + -torch.inf * torch.ones((T, T), dtype=torch.long).triu(1)",
        "scores = scores + torch.full((T, T), -torch.inf).triu(1)",
    ),
    (
        "ATN203",
        f"scores = scores + torch.tril({ONES}, -1) * {INF}",
        f"scores = scores + torch.tril(torch.full((T, T), {INF}), -1)",
    ),
    ("ATN203", f"scores = scores + (1 - {ONES}.tril()) * {INF}", None),
    (
        "ATN213",
        f"\n{VALID}scores = scores.masked_fill(valid[:, None, None, :], -1e9)",
        f"\n{VALID}scores = scores.masked_fill(~valid[:, None, None, :], -1e9)",
    ),
    (
        "ATN213",
        f"\n{VALID}bias = torch.zeros(B, 1, 1, T).masked_fill(valid.view(B, 1, 1, T), -1e9)\nscores = scores + bias",
        None,
    ),
]
CALLS: list[Row] = [
    ("ATN208", f"{ONES}.bool().triu(1)", f"~{ONES}.bool().triu(1)"),
    ("ATN208", f"{ONES}.tril() == 0", f"{ONES}.tril() != 0"),
    ("ATN208", f"~{ONES}.tril().bool()", f"{ONES}.tril().bool()"),
    ("ATN208", f"{ONES}.tril()", f"{ONES}.tril().bool()"),
    ("ATN208", f"{ONES}.triu(1)", f"{ONES}.triu(1) == 0"),
    ("ATN208", f"{ONES}.tril(2)", None),
]
LEARNED = """\
import torch
import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim)
        table = torch.full((8, 8), float("-inf")).triu(1)
        self.mask = nn.Parameter({})

    def forward(self, x):
        T = x.size(1)
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=self.mask[:T, :T])
"""
TABLES: list[Row] = [
    ("ATN217", "table", "table, requires_grad=False"),
    ("ATN217", "table, requires_grad=True", "table, requires_grad=False"),
    ("ATN217", "table, True", "table, False"),
    ("ATN217", "*[table]", None),
]


def _rows() -> list[Row]:
    made: list[Row] = []
    for code, wrong, right in SCORES:
        made.append((code, module(mask=wrong), None if right is None else module(mask=right)))
    for code, wrong, right in CALLS:
        mended = None if right is None else fused("F", f", attn_mask={right}")
        made.append((code, fused("F", f", attn_mask={wrong}"), mended))
    for code, wrong, right in TABLES:
        made.append((code, LEARNED.format(wrong), None if right is None else LEARNED.format(right)))
    return made


MASK_ROWS = _rows()
