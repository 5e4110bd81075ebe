"""Calls of fused attention in many spellings, right and wrong, behind heads that are made in many ways."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from test_spellings import HEADS, Spellings, built, codes, lines
from test_spellings import module as hand_written

CALLS: Spellings = {
    "F": "out = F.scaled_dot_product_attention(q, k, v{})",
    "full path": "out = torch.nn.functional.scaled_dot_product_attention(q, k, v{})",
    "keywords": "out = F.scaled_dot_product_attention(query=q, key=k, value=v{})",
    "alias of the module": "out = self.sdpa(q, k, v{})",
    "local alias": """
        attend = F.scaled_dot_product_attention
        out = attend(q, k, v{})
    """,
    "partial": """
        attend = partial(F.scaled_dot_product_attention{})
        out = attend(q, k, v)
    """,
    "helper": """
        def fused(query, key, value, **options):
            return F.scaled_dot_product_attention(query, key, value, **options)

        out = fused(q, k, v{})
    """,
    "context manager": """
        with torch.autocast("cpu", enabled=False):
            out = F.scaled_dot_product_attention(q, k, v{})
    """,
    "spread dict": """
        options = dict(enable_gqa=False{})
        out = F.scaled_dot_product_attention(q, k, v, **options)
    """,
}
RIGHT: Spellings = {
    "bare": "",
    "scaled": ", scale=self.head_dim**-0.5",
    "scaled by an attribute": ", scale=self.scale",
    "causal": ", is_causal=True",
    "masked": ", attn_mask=keep[:, None, None, :]",
    "gated": ", dropout_p=self.rate if self.training else 0.0",
    "gated by a product": ", dropout_p=self.rate * self.training",
    "mask or causal": ", attn_mask=None, is_causal=True",
    "of the dtype": ", attn_mask=torch.zeros(T, T, dtype=q.dtype)",
}
WRONG: Mapping[str, Spellings] = {
    "ATN102": {"width": ", scale=C**-0.5", "attribute": ", scale=self.wide_scale", "heads": ", scale=self.heads**-0.5"},
    "ATN103": {"root": ", scale=math.sqrt(self.head_dim)", "attribute": ", scale=self.divisor"},
    "ATN105": {"precedence": ", scale=self.head_dim ** -1 / 2"},
    "ATN401": {
        "both": ", attn_mask=keep[:, None, None, :] & torch.ones(T, T).bool(), is_causal=True",
        "causal twice": ", attn_mask=torch.ones(T, T, dtype=torch.bool).tril(), is_causal=True",
    },
    "ATN402": {
        "attribute": ", dropout_p=self.rate",
        "of a module": ", dropout_p=self.drop.p",
        "gated in vain": ", dropout_p=self.frozen_rate",
    },
}

INIT = """
        self.sdpa = F.scaled_dot_product_attention
        self.rate = 0.1
        self.drop = nn.Dropout(0.1)
        self.frozen_rate = self.rate if self.training else 0.0
"""
MERGE = "out = out.transpose(1, 2).reshape(B, T, C)"


def module(call: str, options: str, heads: str = "chunk, view, transpose", before: str = "pass") -> str:
    """The source of a module that calls fused attention."""
    output = f"{lines(CALLS[call].replace('{}', options))}\n        {MERGE}".strip()
    nothing = dict.fromkeys(["scale", "mask", "softmax"], "pass")
    text = hand_written(**nothing, heads=HEADS[heads], product=before, output="out = ...")
    text = text.replace("        out = ...", f"        {output}")
    return text.replace("        self.heads = heads\n", f"        self.heads = heads\n{INIT}", 1)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("options", RIGHT)
def test_right_calls(options: str, call: str) -> None:
    assert codes(module(call, RIGHT[options])) == []


@pytest.mark.parametrize("options", RIGHT)
def test_every_spelling_of_the_call_computes_the_same(options: str) -> None:
    torch = pytest.importorskip("torch")
    x, keep = torch.randn(2, 5, 32, generator=torch.Generator().manual_seed(1)), torch.ones(2, 5, dtype=torch.bool)
    expected = built(module("F", RIGHT[options])).eval()(x, keep)
    for call in CALLS:
        torch.testing.assert_close(built(module(call, RIGHT[options])).eval()(x, keep), expected)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("code", "options"), [(code, name) for code, forms in WRONG.items() for name in forms])
def test_wrong_calls(code: str, options: str, call: str) -> None:
    assert codes(module(call, WRONG[code][options])) == [code]


@pytest.mark.parametrize("heads", HEADS)
@pytest.mark.parametrize("code", WRONG)
def test_wrong_calls_behind_other_heads(code: str, heads: str) -> None:
    assert codes(module("F", next(iter(WRONG[code].values())), heads)) == [code]


@pytest.mark.parametrize(
    "scaling",
    [
        "q = q * self.scale",
        "q = q / math.sqrt(self.head_dim)",
        "q *= self.head_dim**-0.5",
        "k = self.scaled(k)",
        "q, k = q.mul(1 / self.head_dim**0.5), k",
    ],
)
@pytest.mark.parametrize("call", CALLS)
def test_scaled_before_a_call_that_scales(call: str, scaling: str) -> None:
    assert codes(module(call, "", before=scaling)) == ["ATN104"]
    assert codes(module(call, ", scale=1.0", before=scaling)) == []


@pytest.mark.parametrize("mask", ["zeros(T, T).half()", "ones(T, T).tril().int()", "ones(T, T).double()"])
@pytest.mark.parametrize("call", CALLS)
def test_masks_of_another_dtype(call: str, mask: str) -> None:
    text = module(call, f", attn_mask=torch.{mask}", before="q, k, v = q.float(), k.float(), v.float()")
    assert codes(text) == ["ATN209"]


@pytest.mark.parametrize(
    "reversal",
    [
        "scores = q @ k.T",
        "scores = torch.matmul(q, k.t())",
        "scores = torch.matmul(q, torch.t(k))",
        "scores = q @ k.transpose(-1, -1)",
        "scores = q @ k.swapaxes(2, 2)",
        "scores = q @ k.H",
    ],
)
@pytest.mark.parametrize("heads", HEADS)
def test_reversed_axes(heads: str, reversal: str) -> None:
    assert "ATN107" in codes(hand_written(heads=HEADS[heads], product=reversal))
