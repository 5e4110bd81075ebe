"""One computation in many spellings: the verdict stays, because it is about the computation.

An attention module is put together from parts (how heads are made, how the product is written, …). Every part has
several spellings that compute the same, which is measured where torch is; bugs are parts as well.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import product
from textwrap import indent
from typing import Any

import pytest

from attnlint import lint_source

Spellings = Mapping[str, str]

HEADER = """\
import math
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from einops import einsum, rearrange, repeat
from einops.layers.torch import Rearrange
from torch import nn, softmax as soft
from torch.nn.functional import softmax
"""

CLASS = """\
{header}

def exists(value):
    return value is not None


def default(value, other):
    return value if exists(value) else other


def attend(scores, value):
    return torch.matmul(scores.softmax(dim=-1), value)


def scores_of(q, k):
    return q @ k.transpose(-2, -1)


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4, bias=False, scale=None):
        super().__init__()
        self.heads = heads
        self.head_dim = dim // heads
        self.softmax = nn.Softmax(dim=-1)
        self.soft = partial(F.softmax, dim=-1)
{init}

    def forward(self, x, keep):
        B, T, C = x.shape
{body}

    def shape(self, t):
        return t.view(t.shape[0], -1, self.heads, self.head_dim).transpose(1, 2)

    def scaled(self, t):
        return t * self.head_dim**-0.5
"""

HEADS: Spellings = {
    "chunk, view, transpose": """
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        q = q.view(B, T, self.heads, C // self.heads).transpose(1, 2)
        k = k.view(B, T, self.heads, C // self.heads).transpose(1, 2)
        v = v.view(B, T, self.heads, C // self.heads).transpose(1, 2)
    """,
    "split, helper method": """
        q, k, v = self.qkv(x).split(C, dim=2)
        q, k, v = self.shape(q), self.shape(k), self.shape(v)
    """,
    "reshape, permute, items": """
        qkv = self.qkv(x).reshape(B, T, 3, self.heads, self.head_dim).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
    """,
    "reshape, permute, unpacked": """
        q, k, v = self.qkv(x).reshape(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
    """,
    "unbind": """
        q, k, v = self.qkv(x).view(B, T, 3, self.heads, self.head_dim).permute(2, 0, 3, 1, 4).unbind(0)
    """,
    "unflatten, unbind, swapaxes": """
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, self.head_dim)).unbind(dim=2)
        q, k, v = q.swapaxes(1, 2), k.swapaxes(1, 2), v.swapaxes(1, 2)
    """,
    "map of a lambda with rearrange": """
        qkv = self.qkv(x).chunk(3, dim=-1)
        q, k, v = map(lambda t: rearrange(t, "b n (h d) -> b h n d", h=self.heads), qkv)
    """,
    "rearrange of three at once": """
        q, k, v = rearrange(self.qkv(x), "b n (three h d) -> three b h n d", three=3, h=self.heads)
    """,
    "comprehension": """
        q, k, v = (t.view(B, T, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, dim=-1))
    """,
    "list comprehension over names": """
        q, k, v = self.qkv(x).chunk(3, -1)
        q, k, v = [rearrange(t, "b n (h d) -> b h n d", h=self.heads) for t in (q, k, v)]
    """,
    "starred": """
        q, *kv = self.qkv(x).chunk(3, dim=-1)
        k, v = kv
        q, k, v = map(self.shape, (q, k, v))
    """,
    "slices": """
        qkv = self.qkv(x)
        q, k, v = qkv[..., :C], qkv[..., C : 2 * C], qkv[..., 2 * C :]
        q, k, v = self.shape(q), self.shape(k), self.shape(v)
    """,
    "reversed arms": """
        qkv = self.qkv(x).view(B, T, 3, self.heads, -1)
        q = qkv[:, :, 0].transpose(1, 2)
        k = qkv[:, :, 1].transpose(1, 2)
        v = qkv[:, :, 2].transpose(1, 2)
    """,
    "local function": """
        def split(t):
            t = torch.reshape(t, (B, T, self.heads, C // self.heads))
            return torch.permute(t, (0, 2, 1, 3)).contiguous()

        q, k, v = torch.chunk(self.qkv(x), 3, dim=-1)
        q, k, v = split(q), split(k), split(v)
    """,
}
PRODUCT: Spellings = {
    "@ and transpose": "scores = q @ k.transpose(-2, -1)",
    "@ and mT": "scores = q @ k.mT",
    "matmul and permute": "scores = torch.matmul(q, k.permute(0, 1, 3, 2))",
    "matmul and swapaxes": "scores = q.matmul(k.swapaxes(-1, -2))",
    "positive axes": "scores = torch.matmul(q, torch.transpose(k, 2, 3))",
    "bmm": """
        scores = torch.bmm(q.reshape(-1, T, self.head_dim), k.reshape(-1, T, self.head_dim).transpose(1, 2))
        scores = scores.view(B, self.heads, T, T)
    """,
    "einsum": 'scores = torch.einsum("bhid,bhjd->bhij", q, k)',
    "einsum of others' letters": 'scores = torch.einsum("n h q e, n h k e -> n h q k", [q, k])',
    "einsum with an ellipsis": 'scores = torch.einsum("...id,...jd->...ij", q, k)',
    "einops.einsum": 'scores = einsum(q, k, "b h i d, b h j d -> b h i j")',
    "helper function": "scores = scores_of(q, k)",
    "transposed first": """
        k_t = rearrange(k, "b h j d -> b h d j")
        scores = q @ k_t
    """,
}
SCALE: Spellings = {
    "/ math.sqrt": "scores = scores / math.sqrt(self.head_dim)",
    "* ** -0.5": "scores = scores * self.head_dim**-0.5",
    "in place": "scores *= self.head_dim**-0.5",
    "in-place method": "scores.div_(self.head_dim**0.5)",
    "method": "scores = scores.mul(1.0 / np.sqrt(self.head_dim))",
    "attribute": "scores = scores * self.scale",
    "size": "scores = scores / q.size(-1) ** 0.5",
    "shape": "scores = scores / math.sqrt(k.shape[-1])",
    "quotient": "scores = scores / (C // self.heads) ** 0.5",
    "double star a half": "scores = scores / (self.head_dim ** (1 / 2))",
    "math.pow": "scores = scores * math.pow(self.head_dim, -0.5)",
    "local": """
        scale = 1 / math.sqrt(q.size(-1))
        scores = torch.mul(scores, scale)
    """,
    "two quarters": """
        scores = scores * self.head_dim**-0.25
        scores = scores * self.head_dim**-0.25
    """,
    "conditional": "scores = scores * (self.given_scale if self.given_scale is not None else self.head_dim**-0.5)",
    "default helper": "scores = scores * default(self.given_scale, self.head_dim**-0.5)",
    "or": "scores = scores * (self.given_scale or self.head_dim**-0.5)",
    "helper method": "scores = self.scaled(scores)",
    "tensor": "scores = scores / torch.sqrt(torch.tensor(self.head_dim, dtype=scores.dtype))",
    "annotated": "scores: torch.Tensor = scores / self.divisor",
}
MASK: Spellings = {
    "masked_fill": 'scores = scores.masked_fill(~keep[:, None, None, :], float("-inf"))',
    "compared": 'scores = scores.masked_fill(keep[:, None, None] == 0, float("-inf"))',
    "in place": "scores.masked_fill_(keep.logical_not()[:, None, None, :], -torch.inf)",
    "function": "scores = torch.masked_fill(scores, ~keep.view(B, 1, 1, T), -math.inf)",
    "where": 'scores = torch.where(keep[:, None, None, :], scores, float("-inf"))',
    "where method": "scores = scores.where(keep[:, None, None, :], -torch.inf)",
    "item assignment": """
        drop = ~keep[:, None, None, :].expand_as(scores)
        scores[drop] = float("-inf")
    """,
    "added": """
        bias = torch.zeros(B, 1, 1, T).masked_fill(~keep[:, None, None, :], float("-inf"))
        scores = scores + bias
    """,
    "guarded": """
        if keep is not None:
            scores = scores.masked_fill(~rearrange(keep, "b j -> b 1 1 j"), float("-inf"))
    """,
}
SOFTMAX: Spellings = {
    "F.softmax": "weights = F.softmax(scores, dim=-1)",
    "torch.softmax": "weights = torch.softmax(scores, -1)",
    "method": "weights = scores.softmax(dim=-1)",
    "imported": "weights = softmax(scores, dim=-1)",
    "imported under another name": "weights = soft(scores, dim=-1)",
    "module": "weights = self.softmax(scores)",
    "module made on the spot": "weights = nn.Softmax(dim=-1)(scores)",
    "partial": "weights = self.soft(scores)",
    "cast and back": "weights = F.softmax(scores, dim=-1, dtype=torch.float32).to(scores.dtype)",
    "less its maximum": "weights = (scores - scores.amax(dim=-1, keepdim=True)).softmax(-1)",
}
OUTPUT: Spellings = {
    "@": "out = (weights @ v).transpose(1, 2).reshape(B, T, C)",
    "matmul, flatten": "out = torch.matmul(weights, v).permute(0, 2, 1, 3).flatten(2)",
    "einsum, rearrange": """
        out = torch.einsum("bhij,bhjd->bhid", weights, v)
        out = rearrange(out, "b h n d -> b n (h d)")
    """,
    "contiguous view": "out = torch.matmul(weights, v).transpose(1, 2).contiguous().view(B, -1, C)",
}
PARTS = {"heads": HEADS, "product": PRODUCT, "scale": SCALE, "mask": MASK, "softmax": SOFTMAX, "output": OUTPUT}

BUGS: Mapping[str, tuple[str, Spellings]] = {
    "ATN101": ("scale", {"none": "pass", "of one": "scores = scores * 1.0"}),
    "ATN102": (
        "scale",
        {
            "unpacked width": "scores = scores / math.sqrt(C)",
            "constructor's width": "scores = scores * self.wide_scale",
            "count of heads": "scores = scores * self.heads**-0.5",
            "floor": "scores = scores // math.sqrt(self.head_dim)",
        },
    ),
    "ATN103": (
        "scale",
        {
            "* sqrt": "scores = scores * math.sqrt(self.head_dim)",
            "/ self.scale": "scores = scores / self.scale",
            "in place": "scores /= self.head_dim**-0.5",
            "divisor as factor": "scores = scores.mul(self.divisor)",
        },
    ),
    "ATN104": (
        "scale",
        {
            "twice": """
                scores = scores * self.scale
                scores = scores / self.head_dim**0.5
            """,
            "helper and operator": "scores = self.scaled(scores) / math.sqrt(q.size(-1))",
        },
    ),
    "ATN105": (
        "scale",
        {
            "bracketed": "scores = scores / (self.head_dim ** 1 / 2)",
            "bare": "scores = scores / self.head_dim ** 1 / 2",
            "negative": "scores = scores * (self.head_dim ** -1 / 2)",
        },
    ),
    "ATN201": (
        "mask",
        {
            "zero": "scores = scores.masked_fill(~keep[:, None, None, :], 0)",
            "tiny": "scores = scores.masked_fill(keep[:, None, None, :] == 0, -1e-9)",
            "large": "scores.masked_fill_(~keep[:, None, None, :], 1e9)",
            "plus inf": "scores = torch.masked_fill(scores, ~keep.view(B, 1, 1, T), torch.inf)",
            "item assignment": "scores[~keep[:, None, None, :].expand_as(scores)] = 1e-9",
            "keyword": "scores = scores.masked_fill(mask=~keep[:, None, None, :], value=0.0)",
        },
    ),
    "ATN202": (
        "mask",
        {
            "where": "scores = torch.where(keep[:, None, None, :], scores, 0.0)",
            "where of zeros": "scores = torch.where(keep[:, None, None, :], scores, torch.zeros_like(scores))",
            "where method": "scores = scores.where(keep[:, None, None, :], 0)",
            "times causal ones": "scores = scores * torch.tril(torch.ones(T, T))",
            "times ones, in place": "scores *= torch.ones(T, T, device=x.device).tril()",
            "tril": "scores = scores.tril()",
        },
    ),
    "ATN204": (
        "mask",
        {
            "method": 'scores.masked_fill(~keep[:, None, None, :], float("-inf"))',
            "guarded": """
                if keep is not None:
                    scores.masked_fill(~keep[:, None, None, :], -1e9)
            """,
        },
    ),
    "ATN211": (
        "mask",
        {
            "of the tokens": """
                padding = torch.zeros(B, T, dtype=torch.bool, device=x.device)
                scores = scores.masked_fill(padding, float("-inf"))
            """,
            "one row a sample": """
                padding = torch.zeros(B, T, dtype=torch.bool, device=x.device)
                scores = scores.masked_fill(padding.unsqueeze(1), float("-inf"))
            """,
        },
    ),
}

INIT = """
self.qkv = nn.Linear(dim, dim * 3, bias=bias)
self.scale = self.head_dim**-0.5
self.wide_scale = dim**-0.5
self.divisor = math.sqrt(dim / heads)
self.given_scale = scale
"""
PLAIN = {part: next(iter(spellings.values())) for part, spellings in PARTS.items()}


def lines(code: str) -> str:
    """A part's lines, at the indentation of a method's body."""
    rows = code.splitlines()
    if len(rows) > 1:
        margin = min(len(row) - len(row.lstrip()) for row in rows if row.strip())
        code = "\n".join(row[margin:] for row in rows if row.strip())
    return indent(code, 8 * " ")


def module(**parts: str) -> str:
    """The source of an attention module, plain where no part is given."""
    chosen = PLAIN | parts
    body = "\n".join(map(lines, (*chosen.values(), "return out")))
    return CLASS.format(header=HEADER, init=indent(INIT.strip(), 8 * " "), body=body)


ONE_CHANGED = [(part, name) for part, spellings in PARTS.items() for name in spellings]


def mixtures(count: int) -> list[dict[str, str]]:
    """Every part in some spelling."""
    chance = random.Random(count)
    return [{part: chance.choice(list(s.values())) for part, s in PARTS.items()} for _ in range(count)]


def codes(source: str) -> list[str]:
    return [diagnostic.code for diagnostic in lint_source(source)]


def built(source: str) -> Any:
    """The module, from the source's text, with weights that are the same every time."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("einops")
    namespace: dict[str, Any] = {}
    exec(compile(source, "<spelling>", "exec"), namespace)
    torch.manual_seed(0)
    return namespace["Attention"]()


@pytest.mark.parametrize(("part", "name"), ONE_CHANGED)
def test_right_in_every_spelling(part: str, name: str) -> None:
    assert codes(module(**{part: PARTS[part][name]})) == []


@pytest.mark.parametrize(("part", "name"), ONE_CHANGED)
def test_every_spelling_computes_the_same(part: str, name: str) -> None:
    torch = pytest.importorskip("torch")
    x = torch.randn(2, 5, 32, generator=torch.Generator().manual_seed(1))
    keep = torch.arange(5) < torch.tensor([[5], [3]])
    expected = built(module())(x, keep)
    torch.testing.assert_close(built(module(**{part: PARTS[part][name]}))(x, keep), expected)


@pytest.mark.parametrize("parts", mixtures(40), ids=lambda _: "mixture")
def test_right_in_mixtures(parts: dict[str, str]) -> None:
    assert codes(module(**parts)) == []


@pytest.mark.parametrize(("code", "name"), [(code, name) for code, (_, s) in BUGS.items() for name in s])
def test_a_bug_in_every_spelling(code: str, name: str) -> None:
    part, spellings = BUGS[code]
    assert codes(module(**{part: spellings[name]})) == [code]


@pytest.mark.parametrize(
    ("code", "part", "name"),
    [
        (code, part, name)
        for code, (part, name) in product(BUGS, ONE_CHANGED)
        if part != BUGS[code][0] and name != next(iter(PARTS[part]))
    ],
)
def test_a_bug_among_other_spellings(code: str, part: str, name: str) -> None:
    place, spellings = BUGS[code]
    bug = next(iter(spellings.values()))
    assert codes(module(**{place: bug, part: PARTS[part][name]})) == [code]
