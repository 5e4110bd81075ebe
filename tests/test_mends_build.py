"""What the mends of modules, masks, fills and repeated heads write: right text, that ends its finding and runs."""

from __future__ import annotations

import inspect
from textwrap import indent
from typing import Any

import pytest
from test_harness import edited
from test_spellings_build import ATTEND, HALF, RULES, built, causal, grouped, masked

from attnlint import Diagnostic, lint_source
from attnlint.diagnostics import Tier

COMPARED = "scores = scores.masked_fill(self.mask[..., :T, :T] == 0, float('-inf'))"
ADDED = "scores = scores + self.mask[..., :T, :T]"
INFINITE = "torch.full((length, length), float('-inf')).triu(1)"
SDPA = ATTEND["sdpa"]


def half(fill: str) -> str:
    return HALF.format(cast="q.half(), k.half()", fill=indent(fill, " " * 4))


def call(mask: str | None, options: str) -> str:
    """A module whose call is given a causal mask, if there is one, with further options."""
    text = causal(mask or "").replace("v, attn_mask=mask)", f"v, {options})").replace("kv_heads=2", "kv_heads=8")
    return text if mask is not None else text.replace("        mask = \n", "")


ROWS: list[tuple[str, str, str | None, Tier]] = [
    (
        "ATN506",
        built("self.heads = [Head(dim) for _ in range(n)]"),
        built("self.heads = nn.ModuleList([Head(dim) for _ in range(n)])"),
        Tier.UNSAFE,
    ),
    (
        "ATN506",
        built("self.heads = []\nfor _ in range(n):\n    self.heads.append(Head(dim))"),
        built("self.heads = nn.ModuleList([])\nfor _ in range(n):\n    self.heads.append(Head(dim))"),
        Tier.UNSAFE,
    ),
    (
        "ATN506",
        built("self.heads = {'a': Head(dim), 'b': Head(dim)}"),
        built("self.heads = nn.ModuleDict({'a': Head(dim), 'b': Head(dim)})"),
        Tier.UNSAFE,
    ),
    (
        "ATN506",
        built("self.heads = Head(dim), Head(dim)"),
        built("self.heads = nn.ModuleList([Head(dim), Head(dim)])"),
        Tier.UNSAFE,
    ),
    (
        "ATN506",
        built("self.heads = (Head(dim), Head(dim))"),
        built("self.heads = (nn.ModuleList([Head(dim), Head(dim)]))"),
        Tier.UNSAFE,
    ),
    ("ATN506", built("self.heads, self.n = [Head(dim) for _ in range(n)], n"), None, Tier.MANUAL),
    (
        "ATN507",
        built("self.heads = nn.ModuleList([Head(dim)] * (n + 1))"),
        built("self.heads = nn.ModuleList([Head(dim) for _ in range(n + 1)])"),
        Tier.UNSAFE,
    ),
    (
        "ATN507",
        built("self.heads = nn.Sequential(*n * [Head(dim)])"),
        built("self.heads = nn.Sequential(*[Head(dim) for _ in range(n)])"),
        Tier.UNSAFE,
    ),
    (
        "ATN507",
        built("head = Head(dim)\nself.heads = nn.ModuleList([head] * n)"),
        built("head = Head(dim)\nself.heads = nn.ModuleList([copy.deepcopy(head) for _ in range(n)])"),
        Tier.UNSAFE,
    ),
    (
        "ATN507",
        built("head = Head(dim)\nself.heads = nn.ModuleList([head] * n)").replace("import copy\n", ""),
        "\n" + built("head = Head(dim)\nself.heads = nn.ModuleList([copy.deepcopy(head) for _ in range(n)])"),
        Tier.UNSAFE,
    ),
    (
        "ATN507",
        built("head = Head(dim)\nself.heads = nn.ModuleList([head] * n)").replace("import copy\n", "copy = print\n"),
        None,
        Tier.MANUAL,
    ),
    (
        "ATN216",
        masked("self.mask = torch.tril(torch.ones(length, length))", COMPARED),
        masked(
            'self.register_buffer("mask", torch.tril(torch.ones(length, length)), persistent=False)',
            COMPARED,
        ),
        Tier.SAFE,
    ),
    (
        "ATN216",
        masked(f"self.mask = {INFINITE}", ADDED),
        masked(f'self.register_buffer("mask", {INFINITE}, persistent=False)', ADDED),
        Tier.UNSAFE,
    ),
    (
        "ATN216",
        masked("self.mask = torch.tril(torch.ones(length, length))", COMPARED).replace(
            "class Attention(nn.Module):\n", "class Attention(nn.Module):\n    mask = None\n\n"
        ),
        None,
        Tier.MANUAL,
    ),
    (
        "ATN216",
        masked("self.mask = torch.tril(torch.ones(length, length))", COMPARED).replace(
            "        super().__init__()\n", "        nn.Module.__init__(self)\n"
        ),
        masked(
            'self.register_buffer("mask", torch.tril(torch.ones(length, length)), persistent=False)', COMPARED
        ).replace("        super().__init__()\n", "        nn.Module.__init__(self)\n"),
        Tier.SAFE,
    ),
    (
        "ATN216",
        masked("mask = other = torch.tril(torch.ones(length, length))\nself.mask = self.same = mask", COMPARED),
        None,
        Tier.MANUAL,
    ),
    (
        "ATN210",
        half("scores = scores.masked_fill(~keep, -1e9)"),
        half("scores = scores.masked_fill(~keep, torch.finfo(scores.dtype).min)"),
        Tier.SAFE,
    ),
    (
        "ATN210",
        half("scores = torch.masked_fill(scores, ~keep, value=-1e9)"),
        half("scores = torch.masked_fill(scores, ~keep, value=torch.finfo(scores.dtype).min)"),
        Tier.SAFE,
    ),
    (
        "ATN210",
        half("scores = torch.where(keep, scores, -1e9)"),
        half("scores = torch.where(keep, scores, torch.finfo(scores.dtype).min)"),
        Tier.UNSAFE,
    ),
    (
        "ATN210",
        half("scores = torch.where(keep, scores, torch.full((6,), -1e9, dtype=torch.float16))"),
        half(
            "scores = torch.where(keep, scores, torch.full((6,), torch.finfo(torch.float16).min, dtype=torch.float16))"
        ),
        Tier.UNSAFE,
    ),
    ("ATN210", half("scores = scores + (1.0 - keep.half()) * -1e9"), None, Tier.MANUAL),
    (
        "ATN504",
        grouped("k, v = k.repeat(1, self.groups, 1, 1), v.repeat(1, self.groups, 1, 1)", SDPA),
        grouped("k, v = k.repeat_interleave(self.groups, dim=1), v.repeat_interleave(self.groups, dim=1)", SDPA),
        Tier.UNSAFE,
    ),
    (
        "ATN504",
        grouped("k, v = (repeat(t, 'b h n d -> b (g h) n d', g=self.groups) for t in (k, v))", SDPA),
        grouped("k, v = (repeat(t, 'b h n d -> b (h g) n d', g=self.groups) for t in (k, v))", SDPA),
        Tier.UNSAFE,
    ),
    (
        "ATN504",
        grouped("k = k.repeat(1, self.groups, 1, 1)", "out = F.scaled_dot_product_attention(q, k, k)"),
        grouped("k = k.repeat_interleave(self.groups, dim=1)", "out = F.scaled_dot_product_attention(q, k, k)"),
        Tier.UNSAFE,
    ),
    ("ATN504", grouped("k, v = tile_kv(k, self.groups), tile_kv(v, self.groups)", SDPA), None, Tier.MANUAL),
    (
        "ATN902",
        call("torch.ones(T, T, dtype=torch.bool).tril()", "attn_mask=mask"),
        call(None, "attn_mask=None, is_causal=True"),
        Tier.SAFE,
    ),
    (
        "ATN902",
        call("torch.ones(T, T, dtype=torch.bool).tril()", "mask, 0.0, scale=None"),
        call(None, "None, 0.0, scale=None, is_causal=True"),
        Tier.SAFE,
    ),
    (
        "ATN902",
        call("torch.full((T, T), -1e9).triu(1)", "is_causal=False, attn_mask=mask"),
        call(None, "is_causal=True, attn_mask=None"),
        Tier.UNSAFE,
    ),
    ("ATN902", call("torch.ones(T, T, dtype=torch.bool).tril()", "**dict(attn_mask=mask)"), None, Tier.MANUAL),
    (
        "ATN905",
        grouped(
            "n = self.groups",
            "out = F.scaled_dot_product_attention(q, k.repeat_interleave(n, 1), v.repeat_interleave(n, 1))",
        ),
        grouped("n = self.groups", "out = F.scaled_dot_product_attention(q, k, v, enable_gqa=True)"),
        Tier.UNSAFE,
    ),
    (
        "ATN905",
        grouped(
            "n = self.groups",
            "out = F.scaled_dot_product_attention(\n"
            "    q, torch.repeat_interleave(k, n, 1), value=torch.repeat_interleave(v, n, dim=1), is_causal=True\n)",
        ),
        grouped(
            "n = self.groups",
            "out = F.scaled_dot_product_attention(\n    q, k, value=v, is_causal=True, enable_gqa=True\n)",
        ),
        Tier.UNSAFE,
    ),
    (
        "ATN905",
        grouped("k, v = k.repeat_interleave(self.groups, 1), v.repeat_interleave(self.groups, 1)", SDPA),
        None,
        Tier.MANUAL,
    ),
]


def findings(text: str, code: str) -> list[Diagnostic]:
    return lint_source(text, rules=[RULES[code]])


@pytest.mark.parametrize(("code", "text", "right", "tier"), ROWS, ids=lambda value: None)
def test_the_table(code: str, text: str, right: str | None, tier: Tier) -> None:
    found = findings(text, code)
    assert [diagnostic.code for diagnostic in found] == [code]
    assert tier in RULES[code].tiers
    if right is None:
        assert found[0].fix is None, found[0].fix
        return
    assert found[0].fix is not None
    assert found[0].fix.tier is tier
    assert edited(text, found[0].fix.edits) == right
    assert findings(right, code) == []


RUNNING = [right for _, _, right, _ in ROWS if right is not None and "ModuleDict" not in right]


@pytest.mark.parametrize("right", RUNNING, ids=lambda value: None)
def test_mended_code_runs(right: str) -> None:
    pytest.importorskip("torch")
    assert outcome(right) is not None


SAFE = [(text, right) for _, text, right, tier in ROWS if right is not None and tier is Tier.SAFE]


@pytest.mark.parametrize(("text", "right"), SAFE, ids=lambda value: None)
def test_a_safe_mend_keeps_what_finished(text: str, right: str) -> None:
    torch = pytest.importorskip("torch")
    if ".half()" in text:
        with pytest.raises(RuntimeError, match="without overflow"):
            outcome(text)
    else:
        assert torch.equal(outcome(text), outcome(right))


def outcome(text: str) -> Any:
    """What the last definition of a module gives for arguments that are drawn anew, from the same seed."""
    import torch

    namespace: dict[str, Any] = {}
    exec(text, namespace)
    shown = list(namespace.values())[-1]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        attention = shown() if isinstance(shown, type) else shown
        names = list(inspect.signature(getattr(attention, "forward", attention)).parameters)
        keep = torch.arange(6) < torch.tensor([[6], [3]])
        if names == ["q", "k", "v", "keep"]:
            return attention(*(torch.randn(2, 4, 6, 16) for _ in range(3)), keep[:, None, None, :])
        if isinstance(shown, type) and shown.__name__ == "Heads":
            return torch.stack(list(attention(torch.randn(2, 6, 16)))) if hasattr(attention, "heads") else None
        width = attention.qkv.in_features if hasattr(attention, "qkv") else attention.q.in_features
        return attention(torch.randn(2, 6, width), keep) if "keep" in names else attention(torch.randn(2, 6, width))
