"""Causal and padding masks the wrong way round, in many spellings and among other spellings of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import pytest
from test_fused_spellings import module as fused
from test_spellings import HEADS, OUTPUT, PRODUCT, SOFTMAX, Spellings, codes, module

INVERTED: Spellings = {
    "1 hidden": "scores = scores.masked_fill(torch.tril(torch.ones(T, T)) == 1, -1e9)",
    "triu kept": "scores = scores.masked_fill(torch.ones(T, T).triu(1) == 0, -1e9)",
    "not what is hidden": "scores = scores.masked_fill(~torch.ones(T, T).triu(1).bool(), -1e9)",
    "where": "scores = torch.where(torch.ones(T, T).tril().bool(), -1e9, scores)",
    "item assignment": "scores[torch.ones(T, T).tril().bool().expand_as(scores)] = -1e9",
    "positions": "scores = scores.masked_fill(torch.arange(T)[:, None] >= torch.arange(T)[None, :], -1e9)",
    "added": "scores = scores + torch.ones(T, T).tril() * -1e9",
    "added, one minus": "scores = scores + (1.0 - torch.ones(T, T).triu(1)) * -1e9",
    "added, of −inf": "scores = scores + torch.full((T, T), float('-inf')).tril(-1)",
    "with an axis for heads": "scores = scores.masked_fill(torch.ones(T, T).tril()[None, None].bool(), -1e9)",
    "local name": """
        past = torch.ones(T, T, dtype=torch.bool).tril()
        scores = scores.masked_fill(past.unsqueeze(0).unsqueeze(0), -1e9)
    """,
    "and padding": """
        past = torch.ones(T, T, dtype=torch.bool).tril()
        scores = scores.masked_fill(past | ~keep[:, None, None, :], -1e9)
    """,
}
OFF_BY_ONE: Spellings = {
    "triu hidden": "scores = scores.masked_fill(torch.triu(torch.ones(T, T)) == 1, -1e9)",
    "tril(-1) kept": "scores = scores.masked_fill(torch.ones(T, T).tril(-1) == 0, -1e9)",
    "next token kept": "scores = scores.masked_fill(torch.ones(T, T).tril(1) == 0, -1e9)",
    "added": "scores = scores + torch.full((T, T), float('-inf')).triu(2)",
    "positions": "scores = scores.masked_fill(torch.arange(T)[:, None] <= torch.arange(T)[None, :], -1e9)",
}
ADDED: Spellings = {
    "bool": "scores = scores + torch.ones(T, T, dtype=torch.bool).tril()",
    "ones": "scores = scores + torch.ones(T, T).tril()",
    "in place": "scores += torch.ones(T, T).tril()",
    "made bool, then a number": "scores = scores + keep[:, None, None, :].bool().to(q.dtype)",
}
BUGS: Mapping[str, Spellings] = {"ATN207": INVERTED, "ATN206": OFF_BY_ONE, "ATN214": ADDED}
RIGHT: Spellings = {
    "tril kept": "scores = scores.masked_fill(torch.ones(T, T).tril() == 0, -1e9)",
    "triu(1) hidden": "scores = scores.masked_fill(torch.ones(T, T).triu(1).bool(), -1e9)",
    "where": "scores = torch.where(torch.ones(T, T).tril().bool(), scores, -1e9)",
    "positions": "scores = scores.masked_fill(torch.arange(T)[:, None] < torch.arange(T)[None, :], -1e9)",
    "added": "scores = scores + (1.0 - torch.ones(T, T).tril()) * -1e9",
    "added, of −inf": "scores = scores + torch.full((T, T), float('-inf')).triu(1)",
    "and padding": """
        causal = torch.ones(T, T, dtype=torch.bool).tril()
        scores = scores.masked_fill(~(causal & keep[:, None, None, :]), -1e9)
    """,
}
REST = {"heads": HEADS, "product": PRODUCT, "softmax": SOFTMAX, "output": OUTPUT}
ONE_CHANGED = [(part, name) for part, spellings in REST.items() for name in spellings]
CALLS: Mapping[str, Spellings] = {
    "ATN208": {
        "bool triu": "torch.ones(T, T, dtype=torch.bool).triu(1)",
        "tril == 0": "torch.ones(T, T).tril() == 0",
        "not what is kept": "~torch.ones(T, T).bool().tril()[None, None]",
        "float tril": "torch.ones(T, T).tril()",
        "or padding": "torch.ones(T, T, dtype=torch.bool).triu(1) | ~keep[:, None, None, :]",
    },
    "ATN207": {"−inf below": "torch.full((T, T), float('-inf')).tril(-1)"},
    "ATN206": {"strictly past": "torch.ones(T, T, dtype=torch.bool).tril(-1)"},
}


@pytest.mark.parametrize(("code", "name"), [(code, name) for code, s in BUGS.items() for name in s])
def test_a_mask_in_every_spelling(code: str, name: str) -> None:
    assert codes(module(mask=BUGS[code][name])) == [code]


@pytest.mark.parametrize(("code", "one"), list(product(BUGS, ONE_CHANGED)))
def test_a_mask_among_other_spellings(code: str, one: tuple[str, str]) -> None:
    part, name = one
    bug = next(iter(BUGS[code].values()))
    assert codes(module(**{"mask": bug, part: REST[part][name]})) == [code]


@pytest.mark.parametrize(("mask", "one"), list(product(RIGHT, ONE_CHANGED[::4])))
def test_right_masks_are_silent(mask: str, one: tuple[str, str]) -> None:
    part, name = one
    assert codes(module(**{"mask": RIGHT[mask], part: REST[part][name]})) == []


@pytest.mark.parametrize(("code", "name"), [(code, name) for code, s in CALLS.items() for name in s])
def test_masks_of_fused_calls(code: str, name: str) -> None:
    assert codes(fused("F", f", attn_mask={CALLS[code][name]}")) == [code]


@pytest.mark.parametrize(
    "mask",
    [
        "torch.ones(T, T, dtype=torch.bool).tril()",
        "torch.ones(T, T).triu(1) == 0",
        "torch.ones(T, T).bool().tril() & keep[:, None, None, :]",
        "~(torch.ones(T, T).bool().triu(1) | ~keep[:, None, None, :])",
        "torch.full((T, T), float('-inf')).triu(1)",
    ],
)
def test_right_masks_of_fused_calls_are_silent(mask: str) -> None:
    assert codes(fused("F", f", attn_mask={mask}")) == []


TIMES_INFINITY: Spellings = {
    "on the right": "scores = scores + torch.ones(T, T).triu(1) * float('-inf')",
    "on the left": "scores = scores + -math.inf * torch.ones(T, T).triu(1)",
    "bracketed": "scores = scores + (1 - torch.ones(T, T).tril()) * (-torch.inf)",
    "method": "scores = scores + torch.ones(T, T).triu(1).mul(-np.inf)",
    "compared": "scores = scores + (torch.arange(T)[:, None] < torch.arange(T)) * -torch.inf",
    "made a number": "scores = scores + (~keep)[:, None, None, :].float() * float('-inf')",
}


@pytest.mark.parametrize("name", TIMES_INFINITY)
def test_infinity_times_a_mask(name: str) -> None:
    assert "ATN203" in codes(module(mask=TIMES_INFINITY[name]))


@pytest.mark.parametrize(
    "mask", ["torch.ones(T, T) * float('-inf')", "(torch.ones(T, T) * -math.inf).triu(1)", "torch.ones(T, T) * -1e9"]
)
def test_infinity_times_ones_is_silent(mask: str) -> None:
    assert "ATN203" not in codes(module(mask=f"scores = scores + {mask}"))
