"""What mends write: the right text, that parses, ends its finding, and leaves all other code as it is."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from functools import cache

import pytest
from mask_mends import MASK_ROWS
from test_fused_spellings import WRONG
from test_fused_spellings import module as fused
from test_harness import FIXTURES, edited, source, statement_at, statements
from test_mends_build import ROWS as OF_MODULES
from test_mends_mha import ROWS as OF_TORCH
from test_mends_mha import module as of_torch
from test_spellings import BUGS, built, module

from attnlint import Diagnostic, lint_source
from attnlint.diagnostics import Tier
from attnlint.rule import discover

Row = tuple[str, str, str | None]
"""A code, what is written, and what it is mended to; None where no edit can be derived."""

KEEP = "keep[:, None, None, :]"
INF = 'float("-inf")'

PRODUCTS: list[Row] = [
    ("ATN107", "scores = q @ (k * 2).T", "scores = q @ (k * 2).mT"),
    ("ATN107", "scores = q @ (k + k).t()", "scores = q @ (k + k).mT"),
    ("ATN107", "scores = q @ torch.t(k * 2)", "scores = q @ (k * 2).mT"),
    ("ATN107", "scores = q @ torch.t(k)", "scores = q @ k.mT"),
    ("ATN107", "scores = q @ k.swapaxes(-1, -1)", "scores = q @ k.swapaxes(-2, -1)"),
    ("ATN107", "scores = q @ k.swapaxes(2, 2)", None),
]
SCALES: list[Row] = [
    (
        "ATN101",
        'scores = torch.einsum("bhid,bhjd->bhij", q, k)',
        'scores = torch.einsum("bhid,bhjd->bhij", q, k) / q.size(-1) ** 0.5',
    ),
    ("ATN101", 'scores = torch.einsum("bhid,bhjd->bhij", q.clone(), k)', None),
    ("ATN102", "scores = scores // math.sqrt(q.size(-1))", "scores = scores / math.sqrt(q.size(-1))"),
    ("ATN102", "scores = (scores * 1.0) // math.sqrt(q.size(-1))", "scores = (scores * 1.0) / math.sqrt(q.size(-1))"),
    ("ATN102", "scores = q @ k.mT / math.sqrt(C)", "scores = q @ k.mT / (q.size(-1) ** 0.5)"),
    ("ATN102", "scores = scores / math.sqrt(C)", None),
    ("ATN103", "scores = scores * math.sqrt(self.head_dim)", "scores = scores / math.sqrt(self.head_dim)"),
    ("ATN103", "scores = self.head_dim**0.5 * scores", "scores = scores / (self.head_dim**0.5)"),
    ("ATN103", "scores = scores / self.head_dim**-0.5", "scores = scores * self.head_dim**-0.5"),
    (
        "ATN103",
        "scores = scores * (self.head_dim / self.head_dim**0.5)",
        "scores = scores / (self.head_dim / self.head_dim**0.5)",
    ),
    ("ATN103", "scores = scores.mul(math.sqrt(self.head_dim))", None),
    ("ATN104", "scores = scores * self.scale / self.head_dim**0.5", "scores = (scores * self.scale)"),
    ("ATN105", "scores = scores / self.head_dim ** 1 / 2", "scores = scores / self.head_dim ** 0.5"),
    ("ATN105", "scores = scores * (C // self.heads) ** -1 / 2", "scores = scores * (C // self.heads) ** -0.5"),
    ("ATN105", "scores = scores / (self.head_dim ** 1 / 2)", "scores = scores / (self.head_dim ** 0.5)"),
]
MASKS: list[Row] = [
    (
        "ATN201",
        f"scores = torch.masked_fill(scores, ~{KEEP}, 0)",
        f"scores = torch.masked_fill(scores, ~{KEEP}, {INF})",
    ),
    ("ATN201", f"scores.masked_fill_(~{KEEP}, value=1e9)", f"scores.masked_fill_(~{KEEP}, value={INF})"),
    (
        "ATN201",
        f"scores = -(-scores).masked_fill(~{KEEP}, 0)",
        f'scores = -(-scores).masked_fill(~{KEEP}, float("inf"))',
    ),
    (
        "ATN201",
        f"scores = torch.full_like(scores, 1e-9).where(~{KEEP}, scores)",
        f"scores = torch.full_like(scores, {INF}).where(~{KEEP}, scores)",
    ),
    ("ATN201", f"scores[~{KEEP}.expand_as(scores)] = 1e-9", f"scores[~{KEEP}.expand_as(scores)] = {INF}"),
    ("ATN201", f"hide = 0\nscores = scores.masked_fill(~{KEEP}, hide)", None),
    ("ATN202", f"scores = torch.where({KEEP}, scores, 0.0)", f"scores = torch.where({KEEP}, scores, {INF})"),
    ("ATN202", f"scores = torch.where(~{KEEP}, 0.0, scores)", f"scores = torch.where(~{KEEP}, {INF}, scores)"),
    ("ATN202", f"scores = scores.where({KEEP}, 0)", f"scores = scores.where({KEEP}, {INF})"),
    ("ATN202", f"scores = torch.zeros_like(scores).where(~{KEEP}, scores)", None),
    (
        "ATN202",
        "scores = torch.ones(T, T).tril() * scores",
        f"scores = scores.masked_fill(torch.ones(T, T).tril() == 0, {INF})",
    ),
    ("ATN202", "scores = scores.tril()", None),
    ("ATN204", f"scores.masked_fill(~{KEEP}, {INF})", f"scores = scores.masked_fill(~{KEEP}, {INF})"),
    ("ATN204", f"torch.masked_fill(scores, ~{KEEP}, {INF})", f"scores = torch.masked_fill(scores, ~{KEEP}, {INF})"),
    ("ATN204", "torch.clamp(scores, min=-10)", "scores = torch.clamp(scores, min=-10)"),
    ("ATN204", "torch.clamp(input=scores, min=-10)", "scores = torch.clamp(input=scores, min=-10)"),
    ("ATN204", "F.softmax(scores, dim=-1)", "scores = F.softmax(scores, dim=-1)"),
    ("ATN204", f"(scores.masked_fill(~{KEEP}, {INF}))", None),
    ("ATN204", f"part = scores[:, 0]\npart.masked_fill(~keep[:, None, :], {INF})", None),
    ("ATN204", f"for head in scores.unbind(1):\n    head.masked_fill(~keep[:, None, :], {INF})", None),
    (
        "ATN204",
        "import torch as th\nth.clamp(scores, min=-10)",
        "import torch as th\nscores = th.clamp(scores, min=-10)",
    ),
    ("ATN204", f"def hide():\n    scores.masked_fill(~{KEEP}, {INF})\n\nhide()", None),
    ("ATN204", f"(scores * 1.0).masked_fill(~{KEEP}, {INF})", None),
    (
        "ATN211",
        f"gone = torch.zeros(B, T, dtype=torch.bool)\nscores = scores.masked_fill(gone, {INF})",
        f"gone = torch.zeros(B, T, dtype=torch.bool)\nscores = scores.masked_fill(gone[:, None, None, :], {INF})",
    ),
    (
        "ATN211",
        f"gone = torch.zeros(B, T, dtype=torch.bool)\nother = gone\nscores = scores.masked_fill(other, {INF})",
        None,
    ),
    (
        "ATN211",
        f"gone = torch.zeros(B, T, T, dtype=torch.bool)\nscores = torch.masked_fill(scores, gone, {INF})",
        f"gone = torch.zeros(B, T, T, dtype=torch.bool)\nscores = torch.masked_fill(scores, gone[:, None], {INF})",
    ),
]
CALLS: list[Row] = [
    ("ATN401", ", attn_mask=seen, is_causal=True", "{}, attn_mask=seen & {triangle}, is_causal=False"),
    ("ATN401", ", attn_mask=causal, is_causal=True", "{}, attn_mask=None, is_causal=True"),
    ("ATN401", ", attn_mask=biased, is_causal=True", None),
    ("ATN401", f", attn_mask={KEEP} & causal, is_causal=True", None),
    ("ATN402", ", dropout_p=self.rate", ", dropout_p=self.rate if self.training else 0.0"),
    ("ATN402", ", dropout_p=(self.rate)", ", dropout_p=(self.rate if self.training else 0.0)"),
    (
        "ATN402",
        ", dropout_p=self.rate if self.heads else 0.0",
        ", dropout_p=(self.rate if self.training else 0.0) if self.heads else 0.0",
    ),
    (
        "ATN402",
        ", dropout_p=self.frozen_rate",
        ", dropout_p=self.frozen_rate if self.training else 0.0",
    ),
]
SCALED_CALLS: list[Row] = [
    ("ATN104", ", is_causal=True", ", is_causal=True, scale=1.0"),
    ("ATN104", ", scale=None", ", scale=1.0"),
    ("ATN104", ", is_causal=(True)", ", is_causal=(True), scale=1.0"),
    ("ATN104", ", **{'is_causal': True}", None),
]
BEFORE = """
causal = torch.ones(T, T, dtype=torch.bool).tril()
seen = (torch.arange(T) < 3).view(1, 1, 1, T)
biased = torch.zeros(T, T).masked_fill(~causal, -1.0)
"""
TRIANGLE = "torch.ones(q.size(-2), k.size(-2), dtype=torch.bool, device=q.device).tril()"

ATTENTION = """\
import math
from functools import partial

import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4, dropout=0.1):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        d = dim // heads
        self.rate = dropout
        INIT

    def forward(SELF, x):
        B, T, C = x.shape
        q, k, v = SELF.qkv(x).view(B, T, 3, SELF.heads, C // SELF.heads).permute(2, 0, 3, 1, 4).unbind(0)
        OUT
        return out.transpose(1, 2).flatten(2)
"""
OUT_OF_SCALE = "out = F.softmax(q @ k.mT * self.scale, dim=-1) @ v"
OUT_OF_DROPOUT = "out = F.dropout(F.softmax(q @ k.mT / k.size(-1) ** 0.5, dim=-1), {}) @ v"
CONSTRUCTED: list[tuple[str, str, str, str | None, str | None]] = [
    ("ATN103", "self.scale = d ** (1 / 2)", OUT_OF_SCALE, "self.scale = d ** -(1 / 2)", None),
    ("ATN103", "self.scale = d ** (1 / float(2))", OUT_OF_SCALE, "self.scale = d ** -(1 / float(2))", None),
    ("ATN103", "self.scale = d ** 0.5", OUT_OF_SCALE, "self.scale = d ** -0.5", None),
    ("ATN103", "self.scale = (dim // heads) ** 0.5", OUT_OF_SCALE, "self.scale = (dim // heads) ** -0.5", None),
    ("ATN103", "self.scale = math.sqrt(d)", OUT_OF_SCALE, "self.scale = 1 / math.sqrt(d)", None),
    (
        "ATN103",
        "self.s = d ** -(1 / 2)",
        "out = F.softmax(q @ k.mT / self.s, dim=-1) @ v",
        "self.s = d ** (1 / 2)",
        None,
    ),
    ("ATN103", "self.s = 1 / d**0.5", "out = F.softmax(q @ k.mT / self.s, dim=-1) @ v", "self.s = (d**0.5)", None),
    (
        "ATN402",
        "pass",
        OUT_OF_DROPOUT.format("self.rate, training=True"),
        None,
        OUT_OF_DROPOUT.format("self.rate, training=self.training"),
    ),
    (
        "ATN402",
        "pass",
        OUT_OF_DROPOUT.format("self.rate"),
        None,
        OUT_OF_DROPOUT.format("self.rate if self.training else 0.0"),
    ),
    (
        "ATN402",
        "self.attend = partial(F.scaled_dot_product_attention, dropout_p=dropout)",
        "out = self.attend(q, k, v)",
        None,
        None,
    ),
    (
        "ATN402",
        "self.attend = partial(F.scaled_dot_product_attention, dropout_p=self.rate)",
        "out = self.attend(q, k, v)",
        None,
        None,
    ),
]


def attention(init: str, out: str, receiver: str = "self") -> str:
    """A module from the line of its constructor and the line of its method."""
    return ATTENTION.replace("INIT", init).replace("OUT", out).replace("SELF", receiver)


def rows() -> Iterator[Row]:
    """The table, each row as whole modules."""
    for part, table in (("product", PRODUCTS), ("scale", SCALES), ("mask", MASKS)):
        for code, wrong, right in table:
            yield code, module(**{part: _lines(wrong)}), None if right is None else module(**{part: _lines(right)})
    for table, before in ((CALLS, BEFORE), (SCALED_CALLS, "q = q * self.scale")):
        for code, wrong, right in table:
            mended = None if right is None else right.replace("{}", "").replace("{triangle}", TRIANGLE)
            yield code, fused("F", wrong, before=before), None if mended is None else fused("F", mended, before=before)
    for code, init, out, new_init, new_out in CONSTRUCTED:
        mended = attention(new_init or init, new_out or out) if new_init or new_out else None
        yield code, attention(init, out), mended
    call = "out = F.scaled_dot_product_attention(q, k, v, dropout_p={}.rate)"
    yield "ATN402", attention("pass", call.format("this"), "this"), None
    yield from MASK_ROWS


def _lines(code: str) -> str:
    return "\n" + code if "\n" in code else code


ROWS = list(rows())
MODULES: Mapping[str, str] = {
    **{path.stem: source(path) for path in FIXTURES},
    **{f"row {number}": text for number, (_, text, _) in enumerate(ROWS)},
    **{f"row {number} of modules": text for number, (_, text, _, _) in enumerate(OF_MODULES)},
    **{f"{code} {name}": module(**{part: text}) for code, (part, bugs) in BUGS.items() for name, text in bugs.items()},
    **{f"row {n} of torch": of_torch(init, body) for n, (_, init, body, _, _) in enumerate(OF_TORCH)},
    **{f"{code} {name}": fused("F", text) for code, bugs in WRONG.items() for name, text in bugs.items()},
}


@cache
def findings(text: str) -> tuple[Diagnostic, ...]:
    return tuple(lint_source(text))


@pytest.mark.parametrize(("code", "text", "right"), ROWS, ids=lambda value: None)
def test_the_table(code: str, text: str, right: str | None) -> None:
    found = [diagnostic for diagnostic in findings(text) if diagnostic.code == code]
    assert len(found) == 1, findings(text)
    if right is None:
        assert found[0].fix is None, found[0].fix
        return
    assert found[0].fix is not None
    mended = edited(text, found[0].fix.edits)
    assert mended == right
    assert code not in [diagnostic.code for diagnostic in lint_source(mended)]


@pytest.mark.parametrize("text", MODULES.values(), ids=MODULES)
def test_a_mend_changes_its_own_statements_alone(text: str) -> None:
    for diagnostic in findings(text):
        if diagnostic.fix is None:
            continue
        mended = edited(text, diagnostic.fix.edits)
        touched = {statement_at(text, edit.span.line) for edit in diagnostic.fix.edits}
        after = iter(untouched(mended, set()))
        assert all(statement in after for statement in untouched(text, touched))
        assert len(untouched(without_imports(mended), set())) <= len(untouched(without_imports(text), set()))


@pytest.mark.parametrize("text", [right for _, _, right in ROWS if right is not None], ids=lambda value: None)
def test_mended_code_runs(text: str) -> None:
    torch = pytest.importorskip("torch")
    attention = built(text)
    x, keep = torch.randn(2, 5, 32), torch.arange(5) < torch.tensor([[5], [3]])
    arguments = (x, keep) if "keep" in inspect.signature(attention.forward).parameters else (x,)
    assert attention(*arguments).isfinite().all()
    assert torch.equal(attention.eval()(*arguments), attention(*arguments))


def without_imports(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(("import ", "from ")))


def untouched(text: str, touched: set[int]) -> list[str]:
    """Every statement but the edited ones, of compound ones the kind alone."""
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)]
    nodes.sort(key=lambda node: (node.lineno, node.col_offset))
    assert len(nodes) == len(statements(text))
    shown = [type(node).__name__ if hasattr(node, "body") else ast.dump(node) for node in nodes]
    return [dump for number, dump in enumerate(shown) if number not in touched]


def test_tiers_are_those_that_are_declared() -> None:
    emitted: dict[str, set[Tier]] = {}
    for text in MODULES.values():
        for diagnostic in findings(text):
            tier = Tier.MANUAL if diagnostic.fix is None else diagnostic.fix.tier
            emitted.setdefault(diagnostic.code, set()).add(tier)
    declared = {code: set(rule.tiers) for code, rule in discover().items() if code in emitted}
    assert emitted == declared


def test_messages_name_the_tensor_and_what_is_written() -> None:
    texts = {
        "leaves scores as it was": module(mask="torch.clamp(scores, min=-10)"),
        "swapaxes(2, 2) changes nothing": module(product="scores = q @ k.swapaxes(2, 2)"),
        "fill with float('inf')": module(mask=f"scores = -(-scores).masked_fill(~{KEEP}, 0)"),
        "told training=True": attention("pass", OUT_OF_DROPOUT.format("self.rate, training=True")),
    }
    for expected, text in texts.items():
        assert any(expected in diagnostic.message for diagnostic in findings(text)), expected


def test_halves_of_powers_that_have_a_name_are_meant() -> None:
    text = module(scale="\ninverse = self.head_dim ** -1\nscores = scores * (inverse / 2)")
    assert "ATN105" not in [diagnostic.code for diagnostic in findings(text)]
