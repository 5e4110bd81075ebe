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
CAST = "q, k, v = q.bfloat16(), k.bfloat16(), v.bfloat16()\n"
BACK = "\nout = out.float()"
HALVES: list[Row] = [
    (
        "ATN306",
        CAST + "w = F.softmax(q @ k.mT * self.scale, dim=-1)\nout = w @ v" + BACK,
        CAST + "w = F.softmax(q.float() @ k.mT.float() * self.scale, dim=-1).to(torch.bfloat16)\nout = w @ v" + BACK,
    ),
    (
        "ATN306",
        CAST + "s = torch.matmul(q * self.scale, k.mT)\nout = s.softmax(-1) @ v" + BACK,
        CAST + "s = torch.matmul((q * self.scale).float(), k.mT.float())\n"
        "out = s.softmax(-1).to(torch.bfloat16) @ v" + BACK,
    ),
    (
        "ATN306",
        CAST + "s = q.matmul(k.mT)\nw = self.drop(nn.Softmax(-1)(s))\nout = w @ v" + BACK,
        CAST + "s = q.float().matmul(k.mT.float())\nw = self.drop(nn.Softmax(-1)(s).to(torch.bfloat16))\n"
        "out = w @ v" + BACK,
    ),
    (
        "ATN306",
        CAST + "s = torch.einsum('bhid,bhjd->bhij', q, k)\nout = s.softmax(-1) @ v" + BACK,
        CAST + "s = torch.einsum('bhid,bhjd->bhij', q.float(), k.float())\n"
        "out = s.softmax(-1).to(torch.bfloat16) @ v" + BACK,
    ),
    (
        "ATN306",
        CAST + "s = einsum(q, k, 'b h i d, b h j d -> b h i j')\nout = s.softmax(-1) @ v" + BACK,
        CAST + "s = einsum(q.float(), k.float(), 'b h i d, b h j d -> b h i j')\n"
        "out = s.softmax(-1).to(torch.bfloat16) @ v" + BACK,
    ),
    ("ATN306", CAST + "s = torch.matmul(q, other=k.mT)\nout = s.softmax(-1) @ v" + BACK, None),
    ("ATN306", CAST + "s = q @ k.mT\nsoft = lambda t: t.softmax(-1)\nout = soft(s) @ v" + BACK, None),
    (
        "ATN306",
        "w = (scores * 2).to(torch.bfloat16).softmax(-1)\nout = w @ v.bfloat16()" + BACK,
        "w = (scores * 2).softmax(-1).to(torch.bfloat16)\nout = w @ v.bfloat16()" + BACK,
    ),
    (
        "ATN306",
        "s = scores.bfloat16()\nw = F.softmax(s, dim=-1)\nout = w @ v.bfloat16()" + BACK,
        "s = scores\nw = F.softmax(s, dim=-1).bfloat16()\nout = w @ v.bfloat16()" + BACK,
    ),
    (
        "ATN306",
        "w = F.softmax(scores, -1, dtype=torch.bfloat16)\nout = w @ v.bfloat16()" + BACK,
        "w = F.softmax(scores, -1, dtype=torch.float32).to(torch.bfloat16)\nout = w @ v.bfloat16()" + BACK,
    ),
]
BY_HAND: list[Row] = [
    (
        "ATN901",
        "out = (q @ k.transpose(-2, -1) * self.scale).softmax(-1) @ v",
        "out = F.scaled_dot_product_attention(q, k, v)",
    ),
    (
        "ATN901",
        "out = torch.matmul(F.softmax(q @ k.mT / (T + 1), dim=-1), v)",
        "out = F.scaled_dot_product_attention(q, k, v, scale=1 / (T + 1))",
    ),
    (
        "ATN901",
        "out = ((q * 2) @ k.mT).softmax(-1) @ v",
        "out = F.scaled_dot_product_attention(q * 2, k, v, scale=1.0)",
    ),
    (
        "ATN901",
        "s = torch.einsum('bhij,bhjd->bhid', (0.3 * torch.einsum('bhid,bhjd->bhij', q, k)).softmax(-1), v)\nout = s",
        "s = F.scaled_dot_product_attention(q, k, v, scale=0.3)\nout = s",
    ),
    ("ATN901", "w = (q @ k.mT * self.scale).softmax(-1)\nout = w @ v", None),
    ("ATN901", "out = self.drop((q @ k.mT * self.scale).softmax(-1)) @ v", None),
    ("ATN901", "out = (q @ k.mT * self.scale).masked_fill(keep, -1e9).softmax(-1) @ v", None),
    ("ATN901", "out = torch.matmul(q, other=k.mT).softmax(-1) @ v", None),
]
ROWS = [*STORED, *HALVES, *BY_HAND]


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


@pytest.mark.parametrize(("code", "wrong", "right"), [row for row in BY_HAND if row[2]], ids=lambda value: None)
def test_the_call_computes_the_same(code: str, wrong: str, right: str) -> None:
    torch = pytest.importorskip("torch")
    outputs = []
    for body in (wrong, right):
        torch.manual_seed(0)
        outputs.append(built(module(body)).eval()(torch.randn(2, 5, 32)))
    assert torch.allclose(*outputs, atol=1e-6)
