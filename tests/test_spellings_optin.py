"""Rules that are to be selected, through several spellings: what is stored, in what precision, what is fused."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_spellings_weights import codes, module

WEIGHTS = "w = self.drop(scores.softmax(-1))\n"
OUT = "\nout = w @ v"
STORED = {
    "attribute": ("self.attn = w", 1),
    "annotated": ("self.attn: torch.Tensor = w", 1),
    "two targets": ("self.attn = kept = w", 1),
    "tuple": ("kept, self.attn = x, w", 1),
    "walrus": ("self.attn = (kept := w)", 1),
    "cast": ("self.attn = w.float().cpu()", 1),
    "clone": ("self.attn = w.clone()", 1),
    "sliced": ("self.attn = w[:, 0]", 1),
    "when asked": ("if keep is not None:\n    self.attn = w", 1),
    "in training": ("if self.training:\n    self.attn = w", 1),
    "replaced": ("self.attn = w\nself.attn = None", 0),
    "detached": ("self.attn = w.detach()", 0),
    "detached, then cloned": ("self.attn = w.detach().clone()", 0),
    "detached by torch": ("self.attn = torch.detach(w)", 0),
    "data": ("self.attn = w.data", 0),
    "numpy": ("self.attn = w.cpu().detach().numpy()", 0),
    "shape": ("self.attn = w.shape", 0),
    "no grad": ("with torch.no_grad():\n    self.attn = w.clone()", 0),
    "in evaluation": ("if not self.training:\n    self.attn = w", 0),
    "where no gradient is tracked": ("if not torch.is_grad_enabled():\n    self.attn = w", 0),
    "where none is required": ("if not w.requires_grad:\n    self.attn = w", 0),
    "hooked": ("self.attn = w\nw.register_hook(print)", 0),
    "retained": ("w.retain_grad()\nself.attn = w", 0),
    "another tensor": ("self.attn = v", 0),
    "a local": ("attn = [w]", 0),
}


@pytest.mark.parametrize(("stored", "count"), STORED.values(), ids=STORED)
def test_what_is_stored(stored: str, count: int) -> None:
    assert codes(module(WEIGHTS + stored + OUT), "ATN307") == ["ATN307"] * count


def test_a_state_of_the_next_call_is_no_finding() -> None:
    body = "w = (scores + self.last).softmax(-1)\nself.last = w\nout = w @ v"
    assert codes(module(body), "ATN307") == []
    assert codes(module(body.replace(" + self.last", "")), "ATN307") == ["ATN307"]


LISTED = {
    "append": ("self.maps.append(w)", 1),
    "append, cast": ("self.maps.append(w.to(v.dtype))", 1),
    "insert": ("self.maps.insert(0, object=w)", 0),
    "append, detached": ("self.maps.append(w.detach())", 0),
    "append to a local": ("maps = []\nmaps.append(w)", 0),
}


@pytest.mark.parametrize(("stored", "count"), LISTED.values(), ids=LISTED)
def test_what_is_listed(stored: str, count: int) -> None:
    text = module(WEIGHTS + stored + OUT).replace(
        "        self.heads = heads\n", "        self.heads = heads\n        self.maps = []\n"
    )
    assert codes(text, "ATN307") == ["ATN307"] * count


STORES_WEIGHTS = "annotated_transformer"
"""Keeps its weights, which is right but for what ATN307 says of it."""
RIGHT_CODE = sorted((Path(__file__).parent / "right_code").glob("*.py"))


@pytest.mark.parametrize("path", RIGHT_CODE, ids=lambda path: path.stem)
def test_right_code_is_right_for_these_rules_as_well(path: Path) -> None:
    found = codes(path.read_text("utf-8"), "ATN307")
    assert found == (["ATN307"] if path.stem == STORES_WEIGHTS else [])
