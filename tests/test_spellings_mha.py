"""torch's own attention modules in many spellings, right and wrong: what is found depends on the computation alone."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import indent

import pytest

from attnlint import lint_source
from attnlint.rule import discover

MODULE = """\
import torch
from einops import rearrange, repeat
from torch import nn
from torch.nn import functional as F


class Positions(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.register_buffer("pe", torch.zeros(50, 1, dim))

    def forward(self, x):
        return x + self.pe[: x.size(0)]


class Block(nn.Module):
    def __init__(self, dim, heads, first):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=first)

    def forward(self, x):
        h = self.norm(x)
        return x + self.attn(h, h, h, need_weights=False)[0]


class Model(nn.Module):
    def __init__(self, dim=32, heads=4):
        super().__init__()
        self.patches = nn.Conv2d(3, dim, 4, 4)
        self.cls = nn.Parameter(torch.zeros(1, 1, dim))
        self.table = nn.Parameter(torch.zeros(1, 50, dim))
        self.embed = nn.Embedding(50, dim)
        self.attn = nn.MultiheadAttention(dim, heads)
        self.right = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.layers = nn.ModuleList([nn.TransformerEncoderLayer(dim, heads) for _ in range(3)])
        self.encoder = nn.TransformerEncoder(encoder_layer=nn.TransformerEncoderLayer(dim, heads), num_layers=2)
        self.whole = nn.Transformer(dim, heads)
        self.rnn = nn.LSTM(dim, dim, batch_first=True)
        self.block = Block(dim, heads, False)
        self.head = nn.Linear(dim, 2)
        self.positions = Positions(dim)

    def forward(self, x, image, tokens):
{body}
"""
CONV = "x = self.patches(image).flatten(2).transpose(1, 2)\n"
WRONG: Mapping[str, Mapping[str, str]] = {
    "ATN405": {
        "transpose": CONV + "return self.attn(x, x, x, need_weights=False)[0]",
        "negative axes": "x = self.patches(image).flatten(-2).transpose(-1, -2)\nreturn self.encoder(x)",
        "permute": "x = self.patches(image).flatten(2).permute(0, 2, 1)\nreturn self.encoder(x)",
        "einops": "x = rearrange(self.patches(image), 'b c h w -> b (h w) c')\nreturn self.encoder(x)",
        "view": "f = self.patches(image)\nB, C, H, W = f.shape\nx = f.view(B, C, H * W).transpose(1, 2)\n"
        "return self.encoder(x)",
        "layers in a loop": CONV + "for layer in self.layers:\n    x = layer(x)\nreturn x",
        "class of the module": CONV + "return self.block(x)",
        "all of nn.Transformer": CONV + "return self.whole(x, x)",
        "class token expanded": "B, N, _ = x.shape\nx = torch.cat([self.cls.expand(B, -1, -1), x], dim=1)\n"
        "return self.encoder(x)",
        "class token repeated": "x = torch.cat([self.cls.repeat(len(x), 1, 1), x], 1)\nreturn self.encoder(x)",
        "class token by einops": "t = repeat(self.cls, '1 1 d -> b 1 d', b=x.shape[0])\n"
        "x = torch.cat((t, x), dim=1)\nreturn self.encoder(x)",
        "positions of a table": "b, n, c = x.shape\nx = x + self.table[:, :n]\nreturn self.encoder(x)",
        "positions of an embedding": "x = x + self.embed(torch.arange(x.size(1), device=x.device))\n"
        "return self.encoder(x)",
        "positions with a batch axis": "b, n, c = x.shape\nx = x + self.embed(torch.arange(n).unsqueeze(0))\n"
        "return self.encoder(x)",
        "from an LSTM": "x = self.rnn(x)[0]\nreturn self.encoder(x)",
        "to an LSTM": "x = self.encoder(x)\ny, (h, c) = self.rnn(x)\nreturn h",
        "to a sibling": "x = self.encoder(x)\nreturn self.right(x, x, x, need_weights=False)[0]",
        "padding": "b, n = tokens.shape\nx = self.embed(tokens)\n"
        "return self.encoder(x, src_key_padding_mask=tokens == 0)",
        "causal mask": "b, n, c = x.shape\nm = nn.Transformer.generate_square_subsequent_mask(n)\n"
        "return self.encoder(x, m)",
        "pooled": "b, n, c = x.shape\nreturn self.head(self.encoder(x).mean(dim=1))",
        "last token": "b, n, c = x.shape\nreturn self.head(self.encoder(x)[:, -1])",
        "features merged": "b, n, c = x.shape\nreturn self.encoder(x).reshape(b, -1)",
        "likely twice": "a = tokens.float().unsqueeze(1)\nx = self.encoder(torch.cat((a, x), dim=1))\n"
        "return self.head(x[:, 0])",
    },
    "ATN603": {
        "entered": CONV + "x = self.positions(x)\nreturn self.right(x, x, x, need_weights=False)[0]",
        "module alone": "x = self.positions(x)\nreturn self.right(x, x, x, need_weights=False)[0]",
    },
    "ATN404": {
        "added in place": "h = self.right(x, x, x)\nx = x + h\nreturn x",
        "subscripted": "return self.right(x, x, x)[:, 0]",
        "positional bool": "return F.scaled_dot_product_attention(x, x, x, None, True)",
        "alias": "attend = F.scaled_dot_product_attention\nreturn attend(x, x, x, None, True)",
        "helper": "def attend(q):\n    return F.scaled_dot_product_attention(q, q, q)\n\nb, n, c = x.shape\n"
        "y, w = attend(x)\nreturn y",
    },
    "ATN903": {
        "index": "return self.right(x, x, x)[0]",
        "underscore": "y, _ = self.right(x, x, x)\nfor _ in range(2):\n    y = y + 1\nreturn y",
        "name": "(y, w) = self.right(x, x, x, need_weights=True)\nreturn y",
    },
}
RIGHT: Mapping[str, str] = {
    "transposed before": CONV + "x = x.transpose(0, 1)\nreturn self.attn(x, x, x, need_weights=False)[0]",
    "transposed in the call": CONV + "return self.encoder(x.permute(1, 0, 2)).permute(1, 0, 2)[:, 0]",
    "einops": "x = rearrange(self.patches(image), 'b c h w -> (h w) b c')\nreturn self.encoder(x)",
    "swapaxes": CONV + "for layer in self.layers:\n    x = layer(x.swapaxes(0, 1)).swapaxes(0, 1)\nreturn x",
    "unknown layout": "return self.encoder(x)",
    "rank two": "n, c = x.shape\nreturn self.encoder(x).mean(dim=1)",
    "batch on axis 1": "n, b, c = x.shape\nx = torch.cat([self.cls.expand(-1, b, -1), x], dim=0)\n"
    "return self.encoder(x)[0]",
    "positions of axis 0": "x = self.positions(x)\nreturn self.encoder(x)",
    "padding of axis 1": "b, n = tokens.shape\nx = self.embed(tokens).transpose(0, 1)\n"
    "return self.encoder(x, src_key_padding_mask=tokens == 0)",
    "causal mask of axis 0": "m = nn.Transformer.generate_square_subsequent_mask(x.size(0))\nreturn self.encoder(x, m)",
    "only likely": "return self.head(self.encoder(x)[:, 0])",
    "one token": "x = self.patches(image).mean((2, 3))[:, None]\nreturn self.encoder(x)",
    "weights are returned": "y, w = self.right(x, x, x)\nreturn y, w",
    "weights are kept": "y, self.kept = self.right(x, x, x)\nreturn y",
    "weights alone": "y, w = self.right(x, x, x)\nreturn w",
    "tuple is returned": "return self.right(x, x, x)",
    "tuple is kept": "y = self.right(x, x, x)\nself.kept = y\nreturn y[0]",
    "read in a closure": "y, w = self.right(x, x, x)\n\ndef show():\n    return w\n\nreturn y, show",
    "not asked for": "return self.right(x, x, x, need_weights=False)[0]",
    "by a setting": "return self.right(x, x, x, need_weights=self.training)[0]",
}
MINE = ("ATN212", "ATN404", "ATN405", "ATN406", "ATN407", "ATN603", "ATN903")


def found(body: str) -> set[str]:
    text = MODULE.format(body=indent(body, " " * 8))
    rules = [rule for code, rule in discover().items() if code in MINE]
    return {diagnostic.code for diagnostic in lint_source(text, rules=rules)}


@pytest.mark.parametrize(
    ("code", "body"),
    [pytest.param(code, body, id=f"{code}: {name}") for code, rows in WRONG.items() for name, body in rows.items()],
)
def test_wrong_in_every_spelling(code: str, body: str) -> None:
    assert code in found(body)


@pytest.mark.parametrize("body", RIGHT.values(), ids=RIGHT)
def test_right_in_every_spelling(body: str) -> None:
    assert found(body) == set()
