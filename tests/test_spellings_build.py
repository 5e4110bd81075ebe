"""What modules are built of and what fused calls cost: one finding in many spellings, and silence beside it."""

from __future__ import annotations

from textwrap import indent

import pytest

from attnlint import lint_source
from attnlint.rule import discover

RULES = discover()


def codes(text: str, *selected: str) -> list[str]:
    """What the selected rules find."""
    return [diagnostic.code for diagnostic in lint_source(text, rules=[RULES[code] for code in selected])]


# Containers of modules

BUILT = """\
import copy

import torch
from torch import nn
from torch.nn import Linear


class Head(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.value = nn.Linear(dim, dim)

    def forward(self, x):
        return self.value(x)


class Heads(nn.Module):
    def __init__(self, dim=16, n=4):
        super().__init__()
{init}

    def forward(self, x):
        return [head(x) for head in self.heads]
"""
UNREGISTERED = {
    "comprehension": "self.heads = [Head(dim) for _ in range(n)]",
    "display": "self.heads = [nn.Linear(dim, dim), nn.Linear(dim, dim)]",
    "imported": "self.heads = [Linear(dim, dim) for _ in range(n)]",
    "literal range": "self.heads = [Head(dim) for _ in range(3)]",
    "sequential inside": "self.heads = [nn.Sequential(nn.LayerNorm(dim), Head(dim)) for _ in range(n)]",
    "appended": "self.heads = []\nfor _ in range(n):\n    self.heads.append(Head(dim))",
    "added": "self.heads = []\nfor _ in range(n):\n    self.heads += [Head(dim)]",
    "conditional": "self.heads = []\nif n > 1:\n    self.heads.append(Head(dim))\n    self.heads.append(Head(dim))",
    "dict": "self.heads = {'a': Head(dim), 'b': Head(dim)}",
}
REGISTERED = {
    "ModuleList": "self.heads = nn.ModuleList([Head(dim) for _ in range(n)])",
    "ModuleList of a generator": "self.heads = nn.ModuleList(Head(dim) for _ in range(n))",
    "appended": "self.heads = nn.ModuleList()\nfor _ in range(n):\n    self.heads.append(Head(dim))",
    "appended to a list first": "heads = []\nfor _ in range(n):\n    heads.append(Head(dim))\n"
    "self.heads = nn.ModuleList(heads)",
    "wrapped": "self.heads = [Head(dim) for _ in range(n)]\nself.heads = nn.ModuleList(self.heads)",
    "under another name": "self.heads = [Head(dim) for _ in range(n)]\nself.registered = nn.ModuleList(self.heads)",
    "setattr": "self.heads = [Head(dim) for _ in range(n)]\n"
    "for i, head in enumerate(self.heads):\n    setattr(self, f'head_{i}', head)",
    "sequential": "self.heads = [Head(dim), Head(dim)]\nself.body = nn.Sequential(*self.heads)",
    "handed on": "self.heads = [Head(dim) for _ in range(n)]\nregister(self, self.heads)",
    "frozen": "self.heads = [Head(dim).requires_grad_(False).eval() for _ in range(n)]",
    "hidden": "self.heads = [Head(dim)]",
    "functions": "self.heads = [torch.relu, torch.tanh]",
    "no parameters": "self.heads = [nn.ReLU(), nn.Dropout(0.1)]",
    "given": "self.heads = [dim, n]",
}
SHARED = {
    "in ModuleList": "self.heads = nn.ModuleList([Head(dim)] * n)",
    "by name": "head = Head(dim)\nself.heads = nn.ModuleList([head] * n)",
    "times first": "self.heads = nn.ModuleList(n * [Head(dim)])",
    "literal": "self.heads = nn.ModuleList([nn.Linear(dim, dim)] * 3)",
    "sequential": "self.heads = nn.Sequential(*[Head(dim)] * n)",
    "two steps": "heads = [Head(dim)] * n\nself.heads = nn.ModuleList(heads)",
    "torch's own layer": "self.heads = nn.ModuleList([nn.TransformerEncoderLayer(dim, 4)] * n)",
    "copied once": "self.heads = nn.ModuleList([copy.deepcopy(Head(dim))] * n)",
}
APART = {
    "comprehension": "self.heads = nn.ModuleList([Head(dim) for _ in range(n)])",
    "copies": "head = Head(dim)\nself.heads = nn.ModuleList([copy.deepcopy(head) for _ in range(n)])",
    "one prediction head": "head = nn.Linear(dim, 4)\nself.heads = nn.ModuleList([head] * n)",
    "nothing": "self.heads = [None] * n",
    "no parameters": "self.heads = nn.ModuleList([nn.Identity()] * n)",
    "declared": "self.head = Head(dim)\nself.heads = nn.ModuleList([self.head] * n)",
    "sizes": "sizes = [dim] * n\nself.heads = nn.ModuleList([Head(size) for size in sizes])",
    "classes": "kinds = [Head] * n\nself.heads = nn.ModuleList([kind(dim) for kind in kinds])",
    "not kept": "spare = [Head(dim)] * n\nself.heads = nn.ModuleList([Head(dim)])",
}


def built(init: str) -> str:
    return BUILT.format(init=indent(init, " " * 8))


@pytest.mark.parametrize("init", UNREGISTERED.values(), ids=UNREGISTERED)
def test_unregistered(init: str) -> None:
    assert codes(built(init), "ATN506", "ATN507") == ["ATN506"]


@pytest.mark.parametrize("init", [*REGISTERED.values(), *APART.values()])
def test_registered_and_apart(init: str) -> None:
    assert codes(built(init), "ATN506", "ATN507") == []


@pytest.mark.parametrize("init", SHARED.values(), ids=SHARED)
def test_shared(init: str) -> None:
    assert codes(built(init), "ATN506", "ATN507") == ["ATN507"]


def test_a_list_that_nothing_reads_or_that_others_look_after_is_silent() -> None:
    text = built(UNREGISTERED["comprehension"])
    assert codes(text.replace("for head in self.heads", "for head in ()"), "ATN506") == []
    assert codes(f"{text}\n\ndef parameters_of(module):\n    return list(module.heads)\n", "ATN506") == []
    assert codes(text.replace("class Heads(nn.Module)", "class Heads(Registry)"), "ATN506") == []


# Masks of a constructor

MASKED = """\
import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4, length=16, device=None):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
{init}

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-2, -1) / (C // self.heads) ** 0.5
{use}
        return scores.softmax(dim=-1) @ v
"""
STORED = {
    "tril": "self.mask = torch.tril(torch.ones(length, length))",
    "method": "self.mask = torch.ones(length, length).tril().view(1, 1, length, length)",
    "local": "mask = torch.ones(length, length)\nmask = mask.tril()\nself.mask = mask",
    "bool": "self.mask = torch.ones((length, length), dtype=torch.bool).tril()",
    "positions": "positions = torch.arange(length)\nself.mask = positions[:, None] >= positions[None, :]",
    "annotated": "self.mask: torch.Tensor = torch.tril(torch.ones(length, length))",
}
KEPT = {
    "buffer": "self.register_buffer('mask', torch.tril(torch.ones(length, length)))",
    "parameter": "self.mask = nn.Parameter(torch.tril(torch.ones(length, length)), requires_grad=False)",
    "device": "self.mask = torch.tril(torch.ones(length, length, device=device))",
    "moved": "self.mask = torch.tril(torch.ones(length, length)).to(device)",
    "cuda": "self.mask = torch.tril(torch.ones(length, length)).cuda()",
    "later": "self.mask = None",
}
USED = {
    "compared": "scores = scores.masked_fill(self.mask[..., :T, :T] == 0, float('-inf'))",
    "local": "keep = self.mask[..., :T, :T].bool()\nscores = scores.masked_fill(~keep, float('-inf'))",
    "where": "scores = torch.where(self.mask[..., :T, :T] > 0, scores, float('-inf'))",
}
MOVED = {
    "to device": "keep = self.mask.to(x.device)[..., :T, :T]\nscores = scores.masked_fill(keep == 0, float('-inf'))",
    "to tensor": "keep = self.mask[..., :T, :T].to(x)\nscores = scores.masked_fill(keep == 0, float('-inf'))",
    "type_as": "keep = self.mask.type_as(x)[..., :T, :T]\nscores = scores.masked_fill(keep == 0, float('-inf'))",
    "set again": "self.mask = self.mask.to(x.device)\n"
    "scores = scores.masked_fill(self.mask[..., :T, :T] == 0, float('-inf'))",
}


def masked(init: str, use: str) -> str:
    return MASKED.format(init=indent(init, " " * 8), use=indent(use, " " * 8))


@pytest.mark.parametrize("use", USED.values(), ids=USED)
@pytest.mark.parametrize("init", STORED.values(), ids=STORED)
def test_masks_left_behind(init: str, use: str) -> None:
    assert codes(masked(init, use), "ATN216") == ["ATN216"]


@pytest.mark.parametrize("use", USED.values(), ids=USED)
@pytest.mark.parametrize("init", KEPT.values(), ids=KEPT)
def test_masks_that_move(init: str, use: str) -> None:
    assert codes(masked(init, use), "ATN216") == []


@pytest.mark.parametrize("use", MOVED.values(), ids=MOVED)
@pytest.mark.parametrize("init", STORED.values(), ids=STORED)
def test_masks_moved_where_they_are_used(init: str, use: str) -> None:
    assert codes(masked(init, use), "ATN216") == []


# Fills of half precision

HALF = """\
import torch
import torch.nn.functional as F


def attend(q, k, v, keep):
    q, k = {cast}
    scores = torch.matmul(q, k.transpose(-2, -1)) * q.size(-1) ** -0.5
{fill}
    return scores.softmax(dim=-1).to(v.dtype) @ v
"""
CASTS = ["q.half(), k.half()", "q.to(torch.float16), k.to(dtype=torch.float16)", "q.type(torch.half), k.half()"]
TOO_LARGE = {
    "masked_fill": "scores = scores.masked_fill(~keep, -1e9)",
    "in place": "scores.masked_fill_(~keep, value=-1e10)",
    "function": "scores = torch.masked_fill(scores, ~keep, torch.finfo(torch.float32).min)",
    "item": "scores[~keep.expand_as(scores)] = -1e9",
    "where": "scores = torch.where(keep, scores, -1e9)",
    "where method": "scores = scores.where(keep, torch.tensor(-1e9))",
    "full_like": "scores = torch.where(keep, scores, torch.full_like(scores, -1e9))",
    "added": "scores = scores + (1.0 - keep.half()) * -1e9",
    "cast": "scores = scores + ((1.0 - keep.float()) * -1e9).half()",
}
FITTING = {
    "-1e4": "scores = scores.masked_fill(~keep, -1e4)",
    "infinity": "scores = scores.masked_fill(~keep, float('-inf'))",
    "own smallest": "scores = scores.masked_fill(~keep, torch.finfo(scores.dtype).min)",
    "smallest of float16": "scores = scores.masked_fill(~keep, torch.finfo(torch.float16).min)",
    "in float32": "scores = scores.float().masked_fill(~keep, -1e9)",
    "promoted": "scores = scores + (1.0 - keep.float()) * -1e9",
    "of another dtype": "scores = scores.to(v.dtype).masked_fill(~keep, -1e9)",
    "causal": "scores = scores + torch.full((q.size(-2), q.size(-2)), -1e9).triu(1).half()",
}


@pytest.mark.parametrize("cast", CASTS)
@pytest.mark.parametrize("fill", TOO_LARGE.values(), ids=TOO_LARGE)
def test_fills_that_overflow(fill: str, cast: str) -> None:
    assert codes(HALF.format(cast=cast, fill=indent(fill, " " * 4)), "ATN210") == ["ATN210"]


@pytest.mark.parametrize("cast", CASTS)
@pytest.mark.parametrize("fill", FITTING.values(), ids=FITTING)
def test_fills_that_fit(fill: str, cast: str) -> None:
    assert codes(HALF.format(cast=cast, fill=indent(fill, " " * 4)), "ATN210") == []


@pytest.mark.parametrize("cast", ["q, k", "q.float(), k.float()", "q.double(), k.double()"])
@pytest.mark.parametrize("name", ["masked_fill", "in place", "function", "item", "where", "where method"])
def test_fills_of_other_dtypes(name: str, cast: str) -> None:
    assert codes(HALF.format(cast=cast, fill=indent(TOO_LARGE[name], " " * 4)), "ATN210") == []


# Repeated heads

GROUPED = """\
import torch
from einops import rearrange, repeat
from torch import nn
from torch.nn import functional as F


def repeat_kv(x, n):
    B, K, T, D = x.shape
    return x[:, :, None].expand(B, K, n, T, D).reshape(B, K * n, T, D)


def tile_kv(x, n):
    B, K, T, D = x.shape
    return x[:, None].expand(B, n, K, T, D).reshape(B, n * K, T, D)


class Attention(nn.Module):
    def __init__(self, dim=64, heads=8, kv_heads=2):
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = heads, kv_heads, dim // heads
        self.groups = heads // kv_heads
        self.q = nn.Linear(dim, heads * self.head_dim)
        self.kv = nn.Linear(dim, 2 * kv_heads * self.head_dim)

    def forward(self, x):
        B, T, C = x.shape
        q = self.q(x).view(B, T, self.heads, self.head_dim).transpose(1, 2)
        k, v = self.kv(x).view(B, T, 2, self.kv_heads, self.head_dim).permute(2, 0, 3, 1, 4)
{repeat}
{attend}
        return out.transpose(1, 2).reshape(B, T, C)
"""
TILED = {
    "repeat": "k, v = k.repeat(1, self.groups, 1, 1), v.repeat(1, self.groups, 1, 1)",
    "tuple": "k, v = (t.repeat((1, self.heads // self.kv_heads, 1, 1)) for t in (k, v))",
    "before the transpose": "k, v = (t.transpose(1, 2).repeat(1, 1, self.groups, 1).transpose(1, 2) for t in (k, v))",
    "einops": "k, v = (repeat(t, 'b h n d -> b (g h) n d', g=self.groups) for t in (k, v))",
    "expanded": "k, v = tile_kv(k, self.groups), tile_kv(v, self.groups)",
}
IN_PLACE = {
    "repeat_interleave": "k, v = k.repeat_interleave(self.groups, 1), v.repeat_interleave(self.groups, dim=1)",
    "function": "k, v = (torch.repeat_interleave(t, self.groups, dim=-3) for t in (k, v))",
    "before the transpose": "k, v = (t.transpose(1, 2).repeat_interleave(self.groups, 2).mT.mT.transpose(1, 2)"
    " for t in (k, v))",
    "einops": "k, v = (repeat(t, 'b h n d -> b (h g) n d', g=self.groups) for t in (k, v))",
    "expanded": "k, v = repeat_kv(k, self.groups), repeat_kv(v, self.groups)",
    "where needed": "if self.groups > 1:\n    k, v = repeat_kv(k, self.groups), repeat_kv(v, self.groups)",
}
ATTEND = {
    "sdpa": "out = F.scaled_dot_product_attention(q, k, v)",
    "matmul": "out = (q @ k.mT / self.head_dim**0.5).softmax(-1) @ v",
    "einsum": "out = torch.einsum('bhij,bhjd->bhid', (torch.einsum('bhid,bhjd->bhij', q, k)"
    " * self.head_dim**-0.5).softmax(-1), v)",
}


def grouped(repeated: str, attend: str) -> str:
    return GROUPED.format(repeat=indent(repeated, " " * 8), attend=indent(attend, " " * 8))


@pytest.mark.parametrize("attend", ATTEND.values(), ids=ATTEND)
@pytest.mark.parametrize("repeated", TILED.values(), ids=TILED)
def test_tiled(repeated: str, attend: str) -> None:
    assert codes(grouped(repeated, attend), "ATN504", "ATN905") == ["ATN504"]


@pytest.mark.parametrize("attend", ATTEND.values(), ids=ATTEND)
@pytest.mark.parametrize("repeated", IN_PLACE.values(), ids=IN_PLACE)
def test_repeated_in_place(repeated: str, attend: str) -> None:
    expected = ["ATN905"] if "scaled_dot" in attend else []
    assert codes(grouped(repeated, attend), "ATN504", "ATN905") == expected


@pytest.mark.parametrize(
    "attend",
    [
        "out = F.scaled_dot_product_attention(q, k, v, enable_gqa=True)",
        "out = F.scaled_dot_product_attention(q, k, v.repeat_interleave(self.groups, 1))",
        "out = F.scaled_dot_product_attention(q, k.repeat(1, self.groups, 1, 1), v.repeat(1, self.groups, 1, 1))",
        "out = F.scaled_dot_product_attention(q, repeat_kv(k, x.dim()), repeat_kv(v, x.dim()))",
    ],
)
def test_calls_that_group_already_or_otherwise(attend: str) -> None:
    assert codes(grouped("pass", attend), "ATN905") == []


# Causal masks of fused calls

CAUSAL = {
    "tril": "torch.ones(T, T, dtype=torch.bool, device=x.device).tril()",
    "not triu": "~torch.ones(T, T, dtype=torch.bool).triu(1)",
    "additive": "torch.full((T, T), float('-inf')).triu(1)",
    "finite": "torch.triu(torch.full((T, T), -1e9), diagonal=1)",
    "generated": "nn.Transformer.generate_square_subsequent_mask(T)",
}
NOT_CAUSAL = {
    "combined": "torch.ones(T, T, dtype=torch.bool).tril() & keep[:, None, None, :]",
    "bottom right": "torch.ones(T, T + 1, dtype=torch.bool).tril(1)",
    "window": "torch.ones(T, T, dtype=torch.bool).tril().triu(-3)",
    "keep": "keep[:, None, None, :]",
    "none": "None",
    "optional": "torch.ones(T, T, dtype=torch.bool).tril() if self.groups else None",
}


def causal(mask: str) -> str:
    return grouped("pass", f"mask = {mask}\nout = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)").replace(
        "def forward(self, x)", "def forward(self, x, keep)"
    )


@pytest.mark.parametrize("mask", CAUSAL.values(), ids=CAUSAL)
def test_causal_masks_that_are_made(mask: str) -> None:
    assert codes(causal(mask), "ATN902") == ["ATN902"]


@pytest.mark.parametrize("mask", NOT_CAUSAL.values(), ids=NOT_CAUSAL)
def test_masks_that_no_flag_stands_for(mask: str) -> None:
    assert codes(causal(mask), "ATN902") == []


@pytest.mark.parametrize(
    ("cast", "size", "expected"),
    [("half()", 20, 1), ("to(torch.bfloat16)", 36, 1), ("half()", 24, 0), ("float()", 20, 0), ("to(x.dtype)", 20, 0)],
)
def test_heads_of_odd_sizes(cast: str, size: int, expected: int) -> None:
    text = grouped("pass", "out = F.scaled_dot_product_attention(q, k, v)")
    text = text.replace("self.q(x)", f"self.q(x).{cast}").replace("T, self.heads, self.head_dim", f"T, 4, {size}")
    assert codes(text, "ATN904") == ["ATN904"] * expected
