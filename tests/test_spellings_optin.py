"""Rules that are to be selected, through several spellings: what is stored, in what precision, what is fused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from test_spellings_weights import codes, module
from torch import Tensor, nn

from attnlint import lint_source
from attnlint.invariants import copied_after_training
from attnlint.rule import discover, select

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


HALVES = {
    "half": ("s = q.half() @ k.half().mT", 1),
    "matmul": ("s = torch.matmul(q.to(torch.float16), k.to(torch.float16).transpose(-2, -1))", 1),
    "einsum": ("s = torch.einsum('bhid,bhjd->bhij', q.bfloat16(), k.bfloat16())", 1),
    "to dtype=": ("s = q.to(dtype=torch.bfloat16) @ k.to(dtype=torch.bfloat16).mT", 1),
    "like another": ("q = q.half()\ns = q @ k.to(q.dtype).mT", 1),
    "like another by type_as": ("q = q.half()\ns = q @ k.type_as(q).mT", 1),
    "scaled": ("s = (q.half() * self.scale) @ k.half().mT", 1),
    "masked": ("s = (q.half() @ k.half().mT).masked_fill(keep, -1e4)", 1),
    "in a loop over q, k": ("q, k = (t.half() for t in (q, k))\ns = q @ k.mT", 1),
    "cast on the way": ("s = scores.half()", 1),
    "cast on the way, scaled": ("s = scores.to(torch.bfloat16) * 2", 1),
    "on one branch": ("if keep is None:\n    q, k = q.half(), k.half()\ns = q @ k.mT", 1),
    "one side": ("s = q.half() @ k.mT", 0),
    "float32": ("s = q.float() @ k.float().mT", 0),
    "back to float32": ("s = (q.half() @ k.half().mT).float()", 0),
    "back by a mask": ("s = q.half() @ k.half().mT + torch.zeros(T, T)", 0),
    "unknown": ("s = q @ k.mT", 0),
    "unknown dtype": ("s = scores.to(keep.dtype)", 0),
    "cast to float32 and back": ("s = scores.half().float()", 0),
}
TAKEN = {
    "method": ("w = s.softmax(-1)", 1),
    "function": ("w = F.softmax(s, dim=-1)", 1),
    "module": ("w = nn.Softmax(dim=-1)(s)", 1),
    "helper": ("def soft(t):\n    return t.softmax(dim=-1)\nw = soft(s)", 1),
    "float32": ("w = F.softmax(s, dim=-1, dtype=torch.float32)", 0),
    "float32 by method": ("w = s.softmax(-1, dtype=torch.float32).to(v.dtype)", 0),
    "float": ("w = s.float().softmax(-1)", 0),
    "autocast": ("with torch.autocast('cuda'):\n    w = s.softmax(-1)", 0),
    "old autocast": ("with torch.cuda.amp.autocast():\n    w = s.softmax(-1)", 0),
    "unknown dtype": ("w = F.softmax(s, -1, dtype=keep)", 0),
}


@pytest.mark.parametrize(("scores", "is_half"), HALVES.values(), ids=HALVES)
def test_scores_in_half(scores: str, is_half: int) -> None:
    for taken, is_rounded in TAKEN.values():
        found = codes(module(f"{scores}\n{taken}{OUT}"), "ATN306")
        assert found == ["ATN306"] * (is_half and is_rounded), taken


KEYWORDS = {
    "half": ("dtype=torch.half", 1),
    "bfloat16": ("dtype=torch.bfloat16", 1),
    "of the value": ("dtype=v.half().dtype", 1),
    "of an unknown": ("dtype=v.dtype", 0),
    "float32": ("dtype=torch.float32", 0),
    "float": ("dtype=torch.float", 0),
    "None": ("dtype=None", 0),
}


@pytest.mark.parametrize(("keyword", "count"), KEYWORDS.values(), ids=KEYWORDS)
def test_softmax_told_to_work_in_half(keyword: str, count: int) -> None:
    for call in ("F.softmax(scores, -1, {})", "scores.softmax(dim=-1, {})", "torch.softmax(scores, dim=-1, {})"):
        assert codes(module(f"w = {call.format(keyword)}{OUT}"), "ATN306") == ["ATN306"] * count


def test_a_softmax_over_no_scores_is_left_alone() -> None:
    assert codes(module("w = x.half().softmax(-1)\nout = v * w.sum()"), "ATN306") == []
    assert codes(module("w = self.qkv(x).half().softmax(-1)[..., :T]\nout = w @ v"), "ATN306") == []


def test_float32_in_softmax_alone_brings_nothing_back() -> None:
    torch = pytest.importorskip("torch")
    for dtype in (torch.float16, torch.bfloat16):
        scores = 4 * torch.randn(16, 512, generator=torch.Generator().manual_seed(0)).to(dtype)
        wide = scores.softmax(-1, dtype=torch.float32)
        assert torch.equal(wide.to(dtype), scores.softmax(-1))


BY_HAND = {
    "steps": ("w = scores.softmax(-1)", "out = w @ v", 1),
    "dropout": ("w = self.drop(F.softmax(scores, dim=-1))", "out = torch.matmul(w, v)", 1),
    "functional dropout": ("w = F.dropout(scores.softmax(-1), 0.1, self.training)", "out = w @ v", 1),
    "einsum": ("w = scores.softmax(-1)", "out = torch.einsum('bhij,bhjd->bhid', w, v)", 1),
    "cast": ("w = scores.float().softmax(-1).type_as(v)", "out = w @ v", 1),
    "float32": ("w = F.softmax(scores, -1, dtype=torch.float32).to(v.dtype)", "out = w @ v", 1),
    "filled": ("w = scores.masked_fill(keep == 0, -1e9).softmax(-1)", "out = w @ v", 1),
    "filled where given": (
        "if keep is not None:\n    scores = scores.masked_fill(keep == 0, float('-inf'))\nw = scores.softmax(-1)",
        "out = w @ v",
        1,
    ),
    "added": ("w = (scores + torch.full((T, T), float('-inf')).triu(1)).softmax(-1)", "out = w @ v", 1),
    "another scale": ("w = (q @ k.mT / 3).softmax(-1)", "out = w @ v", 1),
    "no scale": ("w = (q @ k.transpose(3, 2)).softmax(-1)", "out = w @ v", 1),
    "shape read": ("w = scores.softmax(-1)\nn = w.size(-1)", "out = w @ v", 1),
    "unknown added": ("w = (scores + keep).softmax(-1)", "out = w @ v", 0),
    "filled with 0": ("w = scores.masked_fill(keep == 0, 0).softmax(-1)", "out = w @ v", 0),
    "capped": ("w = (30 * torch.tanh(scores / 30)).softmax(-1)", "out = w @ v", 0),
    "learned scale": ("w = (scores * self.qkv.weight[0, 0]).softmax(-1)", "out = w @ v", 0),
    "unknown scale": ("w = (scores * keep).softmax(-1)", "out = w @ v", 0),
    "scaled behind the mask": (
        "w = ((scores + torch.full((T, T), -1.0).triu(1)) * 2).softmax(-1)",
        "out = w @ v",
        0,
    ),
    "dropout of scores": ("w = self.drop(scores).softmax(-1)", "out = w @ v", 0),
    "two dropouts": ("w = self.drop(self.drop(scores.softmax(-1)))", "out = w @ v", 0),
    "weights masked": ("w = scores.softmax(-1).tril()", "out = w @ v", 0),
    "weights scaled": ("w = scores.softmax(-1) * 2", "out = w @ v", 0),
    "weights renormalised": ("w = scores.softmax(-1)\nw = w / w.sum(-1, keepdim=True)", "out = w @ v", 0),
    "weights stored": ("w = scores.softmax(-1)\nself.attn = w", "out = w @ v", 0),
    "weights printed": ("w = scores.softmax(-1)\nprint(w)", "out = w @ v", 0),
    "weights used twice": ("w = scores.softmax(-1)", "out = w @ v + w @ k", 0),
    "scores used": ("w = scores.softmax(-1)\nself.best = scores.argmax(-1)", "out = w @ v", 0),
    "scores stored": ("self.scores = scores\nw = scores.softmax(-1)", "out = w @ v", 0),
    "returned where asked": ("w = scores.softmax(-1)\nif keep is not None:\n    return w", "out = w @ v", 0),
    "another axis": ("w = scores.softmax(-2)", "out = w @ v", 0),
    "turned": ("w = scores.softmax(-1)", "out = w.mT @ v", 0),
    "fused elsewhere": (
        "if keep is None:\n    return F.scaled_dot_product_attention(q, k, v)\nw = scores.softmax(-1)",
        "out = w @ v",
        0,
    ),
    "mask of three axes": ("w = (scores + torch.full((4, T, T), float('-inf')).triu(1)).softmax(-1)", "out = w @ v", 0),
    "three axes": ("q, k, v = q[:, 0], k[:, 0], v[:, 0]\nw = (q @ k.mT).softmax(-1)", "out = (w @ v)[:, None]", 0),
    "of several dtypes": ("w = (q.half() @ k.half().mT).float().softmax(-1)", "out = w @ v", 0),
    "sigmoid": ("w = scores.sigmoid()", "out = w @ v", 0),
    "key as it is": ("w = (q @ torch.randn(B, 4, 8, T)).softmax(-1)", "out = w @ v", 0),
}


@pytest.mark.parametrize(("weights", "output", "count"), BY_HAND.values(), ids=BY_HAND)
def test_attention_by_hand(weights: str, output: str, count: int) -> None:
    assert codes(module(f"{weights}\n{output}"), "ATN901") == ["ATN901"] * count


MESSAGES = {
    "w = (q @ k.mT / 3).softmax(-1)": "(q, k, v, scale=1 / 3)",
    "w = (q @ k.mT).softmax(-1)": "(q, k, v, scale=1.0)",
    "w = self.drop(scores.softmax(-1))": "(q, k, v, dropout_p=… in training)",
    "w = scores.masked_fill(keep == 0, -1e9).softmax(-1)": "(q, k, v, attn_mask=~(keep == 0))",
    "w = torch.where(keep.bool(), scores, -1e9).softmax(-1)": "(q, k, v, attn_mask=keep.bool())",
}


@pytest.mark.parametrize(("weights", "call"), MESSAGES.items())
def test_the_message_names_the_arguments(weights: str, call: str) -> None:
    (found,) = lint_source(module(weights + OUT), rules=select(discover(), ["ATN901"]))
    assert found.message.startswith(f"scaled_dot_product_attention{call} ")


def test_what_a_copy_comes_upon_is_counted_in_bytes() -> None:
    class Keeps(nn.Linear):
        keeps = True

        def forward(self, x: Tensor) -> Tensor:
            y = super().forward(x)
            self.kept = [{"y": y}] if self.keeps else y.detach()
            return y

    for keeps, size in ((True, 2 * 3 * 4), (False, 0)):
        linear = Keeps(5, 3)
        linear.keeps = keeps
        assert copied_after_training()(linear, torch.randn(2, 5)).value == size
        assert not hasattr(linear, "kept")
    assert "no module" in (copied_after_training()(lambda x: x, torch.randn(2)).error or "")


NAMED_BY_OTHERS = {
    "annotated_transformer": "ATN307",
    "bfloat16_filled_with_billions": "ATN306",
    "half_causal_mask_cast_to_infinity": "ATN306",
    "half_scores_filled_with_what_fits": "ATN306",
}
"""Modules that are right in what they show, and do on the way what these rules are about."""
RIGHT_CODE = sorted((Path(__file__).parent / "right_code").glob("*.py"))


@pytest.mark.parametrize("path", RIGHT_CODE, ids=lambda path: path.stem)
def test_right_code_is_right_for_these_rules_as_well(path: Path) -> None:
    expected = NAMED_BY_OTHERS.get(path.stem)
    assert codes(path.read_text("utf-8"), "ATN306", "ATN307") == ([expected] if expected else [])
