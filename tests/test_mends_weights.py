"""Mends of the weights' rules: applied, they read as written here, end the finding and run."""

from __future__ import annotations

import pytest
from test_harness import edited
from test_spellings import built
from test_spellings_weights import module

from attnlint import lint_source
from attnlint.rule import discover, select

ROWS: list[tuple[str, str, str | None]] = [
    ("ATN302", "w = scores.softmax(dim=2)\nout = w @ v", "w = scores.softmax(dim=-1)\nout = w @ v"),
    ("ATN302", "w = F.softmax(scores, 1)\nout = w @ v", "w = F.softmax(scores, -1)\nout = w @ v"),
    (
        "ATN302",
        "w = nn.Softmax(-1)(scores)\nout = (v.mT @ w).mT",
        "w = nn.Softmax(-2)(scores)\nout = (v.mT @ w).mT",
    ),
    ("ATN302", "axis = 2\nw = scores.softmax(axis)\nout = w @ v", None),
    (
        "ATN303",
        "w = F.softmax(scores, dim=-1)\nw = w.softmax(-1)\nout = w @ v",
        "w = scores\nw = w.softmax(-1)\nout = w @ v",
    ),
    (
        "ATN303",
        "w = self.drop(F.softmax(scores, dim=-1))\nout = torch.softmax(w, dim=-1) @ v",
        "w = self.drop(F.softmax(scores, dim=-1))\nout = w @ v",
    ),
    (
        "ATN303",
        "out = (q @ k.mT * self.scale).softmax(-1).softmax(-1) @ v",
        "out = (q @ k.mT * self.scale).softmax(-1) @ v",
    ),
    ("ATN304", "out = scores.softmax(-1) @ k", "out = scores.softmax(-1) @ v"),
    (
        "ATN304",
        "out = F.scaled_dot_product_attention(q, k, value=k)",
        "out = F.scaled_dot_product_attention(q, k, value=v)",
    ),
    ("ATN304", "v = v * 2\nout = scores.softmax(-1) @ k", None),
    (
        "ATN205",
        "out = (scores.softmax(-1) * torch.ones(T, T).tril()) @ v",
        'out = (scores.masked_fill(torch.ones(T, T).tril() == 0, float("-inf")).softmax(-1)) @ v',
    ),
    (
        "ATN205",
        "m = torch.ones(T, T).tril()\nw = F.softmax(scores / 2, dim=-1)\nw = self.drop(w)\nout = (w * m) @ v",
        "m = torch.ones(T, T).tril()\n"
        'w = F.softmax((scores / 2).masked_fill(m == 0, float("-inf")), dim=-1)\nw = self.drop(w)\nout = (w) @ v',
    ),
    (
        "ATN205",
        "w = scores.softmax(-1)\nm = torch.ones(T, T).tril()\nout = (w * m) @ v",
        None,
    ),
    ("ATN205", "out = scores.softmax(-1).tril() @ v", None),
    (
        "ATN205",
        "s = q @ k.mT * self.scale\nout = (torch.softmax(s, -1) * torch.ones(T, T).tril()) @ v",
        "s = q @ k.mT * self.scale\n"
        'out = (torch.softmax(s.masked_fill(torch.ones(T, T).tril() == 0, float("-inf")), -1)) @ v',
    ),
    ("ATN301", "out = F.softmax(scores) @ v", "out = F.softmax(scores, dim=-1) @ v"),
    ("ATN301", "out = nn.Softmax()(scores) @ v", "out = nn.Softmax(dim=-1)(scores) @ v"),
    ("ATN301", "out = F.softmax(scores, dim=None) @ v", "out = F.softmax(scores, dim=-1) @ v"),
    ("ATN301", "out = F.softmax(scores, dtype=torch.float32) @ v", None),
    (
        "ATN305",
        "scores = self.drop(scores)\nw = F.softmax(scores, dim=-1)\nout = w @ v",
        "w = self.drop(F.softmax(scores, dim=-1))\nout = w @ v",
    ),
    (
        "ATN305",
        "out = F.dropout(scores / 2, p=0.5, training=self.training).softmax(-1) @ v",
        "out = F.dropout((scores / 2).softmax(-1), p=0.5, training=self.training) @ v",
    ),
    (
        "ATN106",
        "raw = q @ k.mT\ns = raw * self.scale\nif keep is None:\n    s = raw.masked_fill(raw == 0, -1e9)\n"
        "out = s.softmax(-1) @ v",
        "raw = q @ k.mT\ns = raw * self.scale\nif keep is None:\n    s = s.masked_fill(raw == 0, -1e9)\n"
        "out = s.softmax(-1) @ v",
    ),
]


@pytest.mark.parametrize(("code", "wrong", "right"), ROWS, ids=lambda value: None)
def test_the_table(code: str, wrong: str, right: str | None) -> None:
    chosen = select(discover(), [code])
    text = module(wrong)
    found = lint_source(text, rules=chosen)
    assert [diagnostic.code for diagnostic in found] == [code]
    if right is None:
        assert found[0].fix is None
        return
    assert found[0].fix is not None
    mended = edited(text, found[0].fix.edits)
    assert mended == module(right)
    assert lint_source(mended, rules=chosen) == []
    torch = pytest.importorskip("torch")
    assert built(mended)(torch.randn(2, 5, 32)).isfinite().all()
