"""Which definitions are analysed."""

from __future__ import annotations

import pytest
from looking import examined

MODULE = """\
import math

import torch
import torch.nn.functional as F
from torch import nn


def attend(query, key, value):
    return F.softmax(query @ key.transpose(-2, -1), dim=-1) @ value


class Attention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.scale = dim**-0.5
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x):
        scores = self.query(x) @ self.key(x).transpose(-2, -1) * self.scale
        return self.out(F.softmax(scores, dim=-1) @ self.value(x))


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.attention = Attention(dim)

    def forward(self, x):
        return x + self.attention(x)


def scaled(query, key, value):
    return attend(query / math.sqrt(query.size(-1)), key, value)


def mapped(queries, key, value):
    return list(map(attend, queries))


def unrelated(x):
    return torch.relu(x)
"""


def test_callers_of_what_is_handed_its_query_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    assert examined(MODULE, monkeypatch) == ["attend", "Attention.forward", "scaled", "mapped"]


def test_callers_where_the_object_has_the_name_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls are found by name: what may be a call of either is read for both."""
    handed = """

class Scores(nn.Module):
    def forward(self, query, key, value):
        return attend(query, key, value)


class Other(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = Scores()

    def forward(self, x):
        return self.attention(x, x, x)
"""
    assert "Block.forward" not in examined(MODULE, monkeypatch)
    weighed = handed.replace("attend(query, key, value)", "F.softmax(query @ key.mT / 8, dim=-1) @ value")
    assert {"Block.forward", "Other.forward"} <= set(examined(MODULE + weighed, monkeypatch))


def test_a_call_is_a_name_before_a_bracket(monkeypatch: pytest.MonkeyPatch) -> None:
    def calling(written: str) -> list[str]:
        return examined(f"{MODULE}\n\ndef last(q):\n    return {written}\n", monkeypatch)

    for written in (
        "attend(q, q, q)",
        "attend  (q, q, q)",
        "[attend(q, q, q)]",
        "map(attend, q)",
        "partial(attend, q)",
    ):
        assert "last" in calling(written), written
    for written in ("re_attend(q, q, q)", "attend_to(q)", "attend", "attend[q](q)", "{'attend': q}"):
        assert "last" not in calling(written), written
