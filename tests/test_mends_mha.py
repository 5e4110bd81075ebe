"""Mends of rules about torch's own modules: what they write, that it parses and ends the finding."""

from __future__ import annotations

import ast
from textwrap import indent

import pytest
from test_harness import edited

from attnlint import lint_source
from attnlint.rule import discover, select

MODULE = """\
import torch
from torch import nn
from torch.nn import functional as F


class Model(nn.Module):
    def __init__(self, dim=32, heads=4, rate=0.1, causal: bool = False, config=None):
        super().__init__()
        self.causal = causal
        self.dropout = nn.Dropout(rate)
        self.patches = nn.Conv2d(3, dim, 4, 4)
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.norm = nn.LayerNorm(dim)
{init}

    def forward(self, image, mask=None, is_causal: bool = False):
        x = self.patches(image).flatten(2).transpose(1, 2)
{body}
"""
Row = tuple[str, str, str, str, "str | None"]
"""A code, statements of the constructor and of forward, a part of them, and what it is mended to."""

SQUARE = "torch.nn.Transformer.generate_square_subsequent_mask(x.size(1), device=x.device)"
BACKEND = "torch.nn.attention.SDPBackend"
CALL = "return self.own(x, x, x)[0]"
ROWS: list[Row] = [
    ("ATN405", "self.own = nn.MultiheadAttention(dim, heads)", CALL, "dim, heads)", "dim, heads, batch_first=True)"),
    (
        "ATN405",
        "self.own = nn.MultiheadAttention(dim, heads, batch_first=False)",
        CALL,
        "batch_first=False",
        "batch_first=True",
    ),
    ("ATN405", "self.own = nn.MultiheadAttention(dim,\n    heads,\n)", CALL, "heads,\n", "heads, batch_first=True,\n"),
    (
        "ATN405",
        "self.own = nn.TransformerEncoder(nn.TransformerEncoderLayer(dim, heads), 2)",
        "return self.own(x)",
        "(dim, heads)",
        "(dim, heads, batch_first=True)",
    ),
    (
        "ATN404",
        "",
        "return F.scaled_dot_product_attention(x, x, x, None, True)",
        "None, True)",
        "None, is_causal=True)",
    ),
    (
        "ATN404",
        "",
        "return F.scaled_dot_product_attention(x, x, x, mask, is_causal)",
        "mask, is_causal)",
        "mask, is_causal=is_causal)",
    ),
    (
        "ATN404",
        "",
        "return F.scaled_dot_product_attention(x, x, x, None, self.causal)",
        "None, self.causal)",
        "None, is_causal=self.causal)",
    ),
    ("ATN404", "", "return F.scaled_dot_product_attention(x, x, x, dropout_p=True)", "", None),
    ("ATN404", "", "return F.scaled_dot_product_attention(x, x, x, dropout_p=self.training)", "", None),
    (
        "ATN404",
        "",
        "return F.scaled_dot_product_attention(x, x, x, None, self.dropout)",
        "None, self.dropout)",
        "None, self.dropout.p if self.dropout.training else 0.0)",
    ),
    (
        "ATN404",
        "",
        "return F.dropout((x @ x.mT).softmax(-1), p=self.dropout, training=self.training) @ x",
        "p=self.dropout",
        "p=self.dropout.p if self.dropout.training else 0.0",
    ),
    (
        "ATN404",
        "",
        "out, w = F.scaled_dot_product_attention(x, x, x)\nreturn out",
        "out, w =",
        "out =",
    ),
    ("ATN404", "", "B, _, _ = x.shape\nout, w = F.scaled_dot_product_attention(x, x, x)\nreturn out, w", "", None),
    ("ATN404", "", "h = self.attn(x, x, x)\nreturn x + h", "x, x)\n", "x, x)[0]\n"),
    ("ATN404", "", "return self.norm(self.attn(x, x, x))", "x, x)", "x, x)[0]"),
    ("ATN404", "", "return self.attn(x, x, x).transpose(0, 1)", "x, x)", "x, x)[0]"),
    ("ATN404", "", "h = self.attn(x, x, x)\ny, _ = h\nreturn y + self.norm(h)", "", None),
    (
        "ATN406",
        "",
        "return self.attn(x, x, x, is_causal=True)[0]",
        "is_causal=True)",
        f"is_causal=True, attn_mask={SQUARE})",
    ),
    (
        "ATN406",
        "",
        "return self.attn(x, x, x, attn_mask=None, is_causal=True)[0]",
        "attn_mask=None",
        f"attn_mask={SQUARE}",
    ),
    (
        "ATN406",
        "self.own = nn.TransformerEncoderLayer(dim, heads, batch_first=True)",
        "return self.own(x, is_causal=True)",
        "is_causal=True)",
        f"is_causal=True, src_mask={SQUARE})",
    ),
    (
        "ATN406",
        "self.own = nn.TransformerDecoderLayer(dim, heads, batch_first=True)",
        "return self.own(x, x, tgt_is_causal=True)",
        "is_causal=True)",
        f"is_causal=True, tgt_mask={SQUARE})",
    ),
    (
        "ATN406",
        "self.own = nn.TransformerDecoderLayer(dim, heads, batch_first=True)",
        "return self.own(x, x, memory_is_causal=True)",
        "",
        None,
    ),
    ("ATN406", "", "return self.attn(x, x.relu(), x, is_causal=True)[0]", "", None),
    (
        "ATN406",
        "",
        "hide = torch.ones(4, 4).triu(2).bool()\n"
        "return self.attn(x, x, x, attn_mask=hide, need_weights=False, is_causal=True)[0]",
        "is_causal=True",
        "is_causal=False",
    ),
    (
        "ATN212",
        "self.heads = heads",
        "B, T, _ = x.shape\nhide = torch.zeros(B, T, T).bool()\n"
        "return self.attn(x, x, x, attn_mask=hide.repeat(self.heads, 1, 1))[0]",
        "hide.repeat(self.heads, 1, 1)",
        "hide.repeat_interleave(self.heads, dim=0)",
    ),
    (
        "ATN212",
        "",
        "B, T, _ = x.shape\nhide = torch.zeros(B, T, T).bool()\n"
        "return self.attn(x, x, x, attn_mask=~hide.repeat((self.attn.num_heads, 1, 1)))[0]",
        "",
        None,
    ),
    (
        "ATN603",
        "self.pe = torch.randn(50, 1, dim)",
        "x = x + self.pe[: x.size(0)]\nreturn self.attn(x, x, x)[0]",
        "self.pe[: x.size(0)]",
        "self.pe[: x.size(1)].transpose(0, 1)",
    ),
    (
        "ATN603",
        "self.pe = nn.Parameter(torch.randn(1, 50, dim))",
        "y = x + self.pe[:x.shape[0]]\nreturn self.attn(y, y, y)[0]",
        "self.pe[:x.shape[0]]",
        "self.pe[:, : x.size(1)]",
    ),
    (
        "ATN603",
        "self.pe = torch.randn(50, dim)",
        "y = x + self.pe[:x.size(0)]\nreturn self.attn(y, y, y)[0]",
        "self.pe[:x.size(0)]",
        "self.pe[: x.size(1)]",
    ),
    (
        "ATN603",
        "self.pe = torch.randn(50, 1, dim)",
        "count = len(x)\nx = x + self.pe[:count]\nreturn self.attn(x, x, x)[0]",
        "",
        None,
    ),
    (
        "ATN407",
        "",
        "with torch.backends.cuda.sdp_kernel(enable_flash=True, enable_math=False, enable_mem_efficient=False):\n"
        "    return F.scaled_dot_product_attention(x, x, x)",
        "torch.backends.cuda.sdp_kernel(enable_flash=True, enable_math=False, enable_mem_efficient=False)",
        f"torch.nn.attention.sdpa_kernel([{BACKEND}.FLASH_ATTENTION, {BACKEND}.CUDNN_ATTENTION])",
    ),
    (
        "ATN407",
        "",
        "from torch.backends.cuda import sdp_kernel\nwith sdp_kernel(False, True, False, False):\n"
        "    return F.scaled_dot_product_attention(x, x, x)",
        "sdp_kernel(False, True, False, False)",
        f"torch.nn.attention.sdpa_kernel([{BACKEND}.MATH])",
    ),
    (
        "ATN407",
        "self.flags = config",
        "with torch.backends.cuda.sdp_kernel(*self.flags):\n    return F.scaled_dot_product_attention(x, x, x)",
        "",
        None,
    ),
    ("ATN903", "", "return self.attn(x, x, x)[0]", "x, x)", "x, x, need_weights=False)"),
    ("ATN903", "", "y, _ = self.attn(x, x, x, mask, True)\nreturn y", "mask, True)", "mask, False)"),
    ("ATN405", "first = False\nself.own = nn.MultiheadAttention(dim, heads, batch_first=first)", CALL, "", None),
]


def module(init: str, body: str) -> str:
    return MODULE.format(init=indent(init, " " * 8), body=indent(body, " " * 8))


@pytest.mark.parametrize(("code", "init", "body", "before", "after"), ROWS, ids=lambda value: str(value)[:40])
def test_what_is_written(code: str, init: str, body: str, before: str, after: str | None) -> None:
    text, rules = module(init, body), select(discover(), ["ATN"])
    found = [one for one in lint_source(text, rules=rules) if one.code == code]
    assert len(found) == 1
    fix = found[0].fix
    if after is None:
        assert fix is None
        return
    assert fix is not None
    mended = edited(text, fix.edits)
    ast.parse(mended)
    assert text.count(before) == 1
    assert mended == text.replace(before, after)
    assert code not in [one.code for one in lint_source(mended, rules=rules)]
