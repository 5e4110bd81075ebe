"""Mends of the rules that are to be selected: applied, they read as written here, end the finding and run."""

from __future__ import annotations

import pytest
from test_harness import edited
from test_spellings import built
from test_spellings_weights import module

from attnlint import lint_source
from attnlint.rule import discover, select

Row = tuple[str, str, str | None]

STORED: list[Row] = [
    (
        "ATN307",
        "w = scores.softmax(-1)\nself.attn = w\nout = w @ v",
        "w = scores.softmax(-1)\nself.attn = w.detach()\nout = w @ v",
    ),
    (
        "ATN307",
        "w = scores.softmax(-1)\nself.attn = w * 1.0\nout = w @ v",
        "w = scores.softmax(-1)\nself.attn = (w * 1.0).detach()\nout = w @ v",
    ),
    (
        "ATN307",
        "w = scores.softmax(-1)\nself.attn: torch.Tensor = w[:, 0]\nout = w @ v",
        "w = scores.softmax(-1)\nself.attn: torch.Tensor = w[:, 0].detach()\nout = w @ v",
    ),
    ("ATN307", "self.attn = scores.softmax(-1)\nout = self.drop(self.attn) @ v", None),
    ("ATN307", "w = self.attn = scores.softmax(-1)\nout = w @ v", None),
    ("ATN307", "w = scores.softmax(-1)\nseen, self.attn = 1, w\nout = w @ v", None),
]
ROWS = [*STORED]


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


def test_a_list_is_given_detached_weights() -> None:
    made = "        self.heads = heads\n"
    text = module("w = scores.softmax(-1)\nself.maps.append(w)\nout = w @ v").replace(
        made, made + "        self.maps = []\n"
    )
    (found,) = lint_source(text, rules=select(discover(), ["ATN307"]))
    assert found.fix is not None
    assert "self.maps.append(w.detach())" in edited(text, found.fix.edits)
