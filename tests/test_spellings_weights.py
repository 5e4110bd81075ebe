"""What becomes of the weights, in several spellings: the axis that softmax normalises is followed by meaning."""

from __future__ import annotations

from textwrap import indent

import pytest

from attnlint import lint_source
from attnlint.rule import discover, select

HEADER = """\
import math

import torch
import torch.nn.functional as F
from einops import einsum, rearrange
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.heads = heads
        self.scale = (dim // heads) ** -0.5
        self.qkv = nn.Linear(dim, 3 * dim)
        self.drop = nn.Dropout(0.1)

    def forward(self, x, keep=None):
        B, T, C = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        scores = (q @ k.mT) * self.scale
"""
TAIL = "return out.transpose(1, 2).reshape(B, T, C)"


def module(body: str) -> str:
    """A module whose forward is ``body`` between the scores (B, H, T, T) and the output."""
    return HEADER + indent(body.strip("\n") + "\n" + TAIL, " " * 8) + "\n"


def codes(text: str, *selected: str) -> list[str]:
    """The codes that are reported, without those of the selection's other families."""
    return [diagnostic.code for diagnostic in lint_source(text, rules=select(discover(), selected))]


MEETINGS = {
    "matmul": ("out = w @ v", -1),
    "dropped, cast": ("out = torch.matmul(self.drop(w).to(v.dtype), v)", -1),
    "value first": ("out = (v.mT @ w.transpose(2, 3)).mT", -1),
    "value first, not turned": ("out = (v.mT @ w).mT", -2),
    "einsum": ("out = torch.einsum('bhij,bhjd->bhid', w, v)", -1),
    "einsum, value first": ("out = torch.einsum('bhjd,bhij->bhid', v, w)", -1),
    "einsum, ellipsis": ("out = torch.einsum('...ij,...jd->...id', w, v)", -1),
    "einops": ("out = einsum(w, v, 'b h i j, b h j d -> b h i d')", -1),
    "permuted": ("out = torch.einsum('bijh,bhjd->bhid', w.permute(0, 2, 3, 1), v)", -1),
    "rearranged": ("out = torch.einsum('bjih,bhjd->bhid', rearrange(w, 'b h i j -> b j i h'), v)", -1),
    "another axis": ("w = w[:, :, None].squeeze(2)\nout = w @ v", -1),
    "sliced": ("out = w[..., :T] @ v[:, :, :T]", -1),
    "unsqueezed": ("out = (w.unsqueeze(0) @ v.unsqueeze(0))[0]", -1),
}


@pytest.mark.parametrize("axis", [-1, -2, 1, 2, 3])
@pytest.mark.parametrize(("meeting", "right"), MEETINGS.values(), ids=MEETINGS)
def test_the_axis_is_the_one_that_is_summed_over(meeting: str, right: int | None, axis: int) -> None:
    found = codes(module(f"w = scores.softmax(dim={axis})\n{meeting}"), "ATN302")
    wrong = right is not None and axis not in (right, right + 4)
    assert found == (["ATN302"] if wrong else [])


@pytest.mark.parametrize(
    "body",
    [
        "w = scores.softmax(dim=-2)\nw = w / w.sum(dim=-1, keepdim=True)\nout = w @ v",
        "w = scores.softmax(dim=-2) + 1e-8\nout = (w / w.sum(-1, True)) @ v",
        "w = scores.softmax(dim=-2)\nout = (w @ v) / w.sum(dim=-1, keepdim=True)",
        "w = F.normalize(scores.softmax(dim=-2), p=1, dim=-1)\nout = w @ v",
        "w = scores.softmax(dim=-1) * scores.softmax(dim=-2)\nout = w @ v",
        "w = scores.softmax(dim=keep)\nout = w @ v",
        "w = scores.softmax(dim=-2)\nout = self.qkv(w)[..., :8] + v",
    ],
)
def test_axes_that_are_right_or_not_known(body: str) -> None:
    assert codes(module(body), "ATN302") == []


@pytest.mark.parametrize(("axis", "wrong"), [(-1, False), (3, False), (-2, True), (2, True), (1, False)])
def test_a_view_that_merges_heads_keeps_the_axes_behind_them(axis: int, wrong: bool) -> None:
    merged = "(w.view(B * self.heads, T, T) @ v.reshape(B * self.heads, T, -1)).view(B, self.heads, T, -1)"
    found = codes(module(f"w = scores.softmax(dim={axis})\nout = {merged}"), "ATN302")
    assert found == (["ATN302"] if wrong else [])


REPEATED = {
    "once": ("w = scores.softmax(-1)", 0),
    "nested": ("w = F.softmax(scores.softmax(-1), -1)", 1),
    "module": ("soft = nn.Softmax(dim=-1)\nw = soft(soft(scores))", 1),
    "dropped": ("w = self.drop(scores.softmax(-1)).float().softmax(-1)", 1),
    "masked": ("w = scores.softmax(-1).masked_fill(scores == 0, -1e9).softmax(-1)", 1),
    "mask added": ("w = (scores.softmax(-1) + torch.full((T, T), -1e9).triu(1)).softmax(-1)", 1),
    "scaled": ("w = (scores.softmax(-1) * self.scale).softmax(-1)", 1),
    "turned": ("w = scores.mT.softmax(-2).mT.softmax(-1)", 1),
    "on one branch": ("w = scores.softmax(-1)\nif keep is not None:\n    w = w.softmax(-1)", 1),
    "on two branches": ("if keep is None:\n    w = scores.softmax(-1)\nelse:\n    w = (scores + 1).softmax(-1)", 0),
    "other axes": ("w = scores.softmax(-2).softmax(-1)", 0),
    "sharpened": ("w = (scores.softmax(-1) * 50).softmax(-1)", 0),
    "bias": ("w = (scores.softmax(-1) + scores).softmax(-1)", 0),
    "log": ("w = scores.log_softmax(-1).softmax(-1)", 0),
    "chosen": ("w = scores.softmax(-1).topk(2).values.softmax(-1).mean() * scores", 0),
}


@pytest.mark.parametrize(("weights", "count"), REPEATED.values(), ids=REPEATED)
def test_softmax_of_softmax(weights: str, count: int) -> None:
    assert codes(module(f"{weights}\nout = w @ v"), "ATN303") == ["ATN303"] * count


VALUES = {
    "used": ("out = w @ v", 0),
    "key": ("out = w @ k", 1),
    "query": ("out = torch.matmul(w, q)", 1),
    "key by einsum": ("out = torch.einsum('bhij,bhjd->bhid', w, k)", 1),
    "key, turned": ("out = (k.mT @ w.mT).mT", 1),
    "key, value measured": ("n = v.size(-2)\nout = (w @ k)[:, :, :n]", 1),
    "key, value split again": ("v = v.reshape(B * self.heads, T, -1) * 2\nout = w @ k", 1),
    "one call": ("out = F.scaled_dot_product_attention(q, k, k)", 1),
    "one call, used": ("out = F.scaled_dot_product_attention(q, k, v)", 0),
    "key and value": ("out = w @ k + v", 0),
    "value stored": ("self.v = v\nout = w @ k", 0),
    "value listed": ("seen = []\nseen.append(v)\nout = w @ k", 0),
    "value checked": ("assert v.isfinite().all()\nout = w @ k", 0),
    "value handed on": ("print(v)\nout = w @ k", 0),
}


@pytest.mark.parametrize(("output", "count"), VALUES.values(), ids=VALUES)
def test_a_value_that_nobody_reads(output: str, count: int) -> None:
    assert codes(module(f"w = scores.softmax(-1)\n{output}"), "ATN304") == ["ATN304"] * count


CAUSAL = "torch.ones(T, T).tril()"
MASKED = {
    "not": ("w = scores.softmax(-1)", 0),
    "multiplied": (f"w = scores.softmax(-1) * {CAUSAL}", 1),
    "multiplied, mask first": (f"w = {CAUSAL} * scores.softmax(-1)", 1),
    "in place": (f"w = scores.softmax(-1)\nw *= {CAUSAL}", 1),
    "by method": (f"w = scores.softmax(-1).mul({CAUSAL})", 1),
    "filled": (f"w = scores.softmax(-1).masked_fill({CAUSAL} == 0, 0)", 1),
    "item": (f"w = scores.softmax(-1)\nw[({CAUSAL} == 0).expand_as(w)] = 0", 1),
    "where": (f"w = torch.where({CAUSAL}.bool(), scores.softmax(-1), 0.0)", 1),
    "triangle": ("w = self.drop(scores.softmax(-1)).tril()", 1),
    "padding": ("w = scores.softmax(-1).masked_fill((keep == 0).unsqueeze(1).unsqueeze(-2), 0)", 1),
    "padding by length": ("w = scores.softmax(-1) * (torch.arange(T) < keep[:, None])[:, None, None, :]", 1),
    "infinite": ("w = scores.softmax(-1).masked_fill(keep, -1e9)", 1),
    "before and after": (f"w = scores.masked_fill({CAUSAL} == 0, -1e9).softmax(-1).masked_fill({CAUSAL} == 0, 0)", 0),
    "unknown before": (f"w = (scores + keep).softmax(-1) * {CAUSAL}", 0),
    "normalised": (f"w = scores.softmax(-1) * {CAUSAL}\nw = w / w.sum(-1, keepdim=True)", 0),
    "normalised by norm": (f"w = F.normalize(scores.softmax(-1) * {CAUSAL}, p=1, dim=-1)", 0),
    "unknown mask": ("w = scores.softmax(-1) * keep", 0),
    "unknown mask filled": ("w = scores.softmax(-1).masked_fill(keep, 0)", 0),
    "ones": ("w = scores.softmax(-1) * torch.ones(T, T)", 0),
    "queries": ("w = scores.softmax(-1) * (keep == 1)[:, None, :, None]", 0),
    "exp": (f"w = scores.exp() * {CAUSAL}\nw = w / w.sum(-1, keepdim=True)", 0),
}


@pytest.mark.parametrize(("weights", "count"), MASKED.values(), ids=MASKED)
def test_weights_that_are_masked(weights: str, count: int) -> None:
    assert codes(module(f"{weights}\nout = w @ v"), "ATN205") == ["ATN205"] * count


IMPLICIT = {
    "given": ("w = F.softmax(scores, dim=-1)", 0),
    "by position": ("w = F.softmax(scores, -1)", 0),
    "axis": ("w = F.softmax(scores, axis=-1)", 0),
    "not given": ("w = F.softmax(scores)", 1),
    "None": ("w = F.softmax(scores, dim=None)", 1),
    "dtype alone": ("w = F.softmax(scores, dtype=torch.float32)", 1),
    "keyword": ("w = F.softmax(input=scores)", 1),
    "module": ("w = nn.Softmax()(scores)", 1),
    "module, given": ("w = nn.Softmax(-1)(scores)", 0),
    "module, never called": ("soft = nn.Softmax()\nw = F.softmax(scores, 3)", 0),
    "method": ("w = scores.softmax()", 1),
    "parameter": ("w = F.softmax(scores, keep)", 0),
    "of a matrix": ("w = F.softmax(scores.reshape(-1, scores.shape[-1])).view_as(scores)", 0),
    "spread": ("options = {'dim': -1}\nw = F.softmax(scores, **options)", 0),
}


@pytest.mark.parametrize(("weights", "count"), IMPLICIT.values(), ids=IMPLICIT)
def test_an_axis_that_is_not_given(weights: str, count: int) -> None:
    assert codes(module(f"{weights}\nout = w @ v"), "ATN301") == ["ATN301"] * count


DROPPED = {
    "weights": ("w = self.drop(scores.softmax(-1))", 0),
    "scores": ("w = self.drop(scores).softmax(-1)", 1),
    "function": ("w = F.softmax(F.dropout(scores, 0.1, self.training), dim=-1)", 1),
    "function, off": ("w = F.softmax(F.dropout(scores, 0.1, False), dim=-1)", 0),
    "no probability": ("w = nn.Dropout(0.0)(scores).softmax(-1)", 0),
    "then masked": ("w = self.drop(scores).masked_fill(scores == 0, -1e9).softmax(-1)", 1),
    "on one branch": ("if keep is None:\n    scores = self.drop(scores)\nw = scores.softmax(-1)", 1),
    "query": ("w = (self.drop(q) @ k.mT * self.scale).softmax(-1)", 0),
    "bias": ("w = (scores + self.drop(torch.randn(T, T))).softmax(-1)", 0),
    "scores alone": ("self.drop(scores)\nw = scores.softmax(-1)", 0),
}


@pytest.mark.parametrize(("weights", "count"), DROPPED.values(), ids=DROPPED)
def test_scores_that_are_dropped(weights: str, count: int) -> None:
    assert codes(module(f"{weights}\nout = w @ v"), "ATN305") == ["ATN305"] * count


RAW = "raw = q @ k.mT\nd = q.size(-1) ** 0.5\n"
OVERWRITTEN = {
    "scaled": ("s = raw / d\nif keep is not None:\n    s = s + keep", 0),
    "branch on the unscaled": ("s = raw / d\nif keep is not None:\n    s = raw + keep", 1),
    "filled": ("s = raw * self.scale\nif keep is not None:\n    s = raw.masked_fill(keep, -1e9)", 1),
    "always": ("s = raw / d\ns = raw + keep", 1),
    "scaled again": ("s = raw / d\nif keep is not None:\n    s = raw.masked_fill(keep, -1e9) / d", 0),
    "read": ("s = raw / d\nt = s.mean()\ns = raw + t", 0),
    "kept": ("s = raw / d\nself.s = s\ns = raw", 0),
    "one arm each": ("if keep is None:\n    s = raw / d\nelse:\n    s = raw + keep", 0),
}


@pytest.mark.parametrize(("body", "count"), OVERWRITTEN.values(), ids=OVERWRITTEN)
def test_scaled_scores_that_are_overwritten(body: str, count: int) -> None:
    assert codes(module(f"{RAW}{body}\nout = s.softmax(-1) @ v"), "ATN106") == ["ATN106"] * count
