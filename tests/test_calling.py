"""What is found with what callers know, and which callers are asked."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from attnlint import Configuration, lint_source
from attnlint.examination import Examined, Examiner
from attnlint.roots import Root

EVERYTHING = Configuration({"select": ["ATN"], "preview": True}, isolated=True)
MODULE = """\
import torch
import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)

    def attend(self, x, {parameters}):
        query, key, value = self.query(x), self.key(x), self.value(x)
{attend}

"""
FILLED = """
scores = query @ key.transpose(-2, -1) / self.dim**0.5
return scores.masked_fill({}, float("-inf")).softmax(dim=-1) @ value
"""
SCALED = "return (query @ key.transpose(-2, -1) * {}).softmax(dim=-1) @ value"
DROPPED = "return F.dropout((query @ key.transpose(-2, -1) / self.dim**0.5).softmax(dim=-1), p) @ value"
FUSED = "return F.scaled_dot_product_attention(query, key, value, {})"
FORWARD = """\
    def forward(self, x, given=None, *args, **kwargs):
        return self.attend({})
"""


def module(parameters: str, attend: str, handed: str) -> str:
    """A module with attention in a method, and one that calls it."""
    body = indent(attend.strip("\n"), " " * 8)
    return MODULE.format(parameters=parameters, attend=body) + FORWARD.format(handed)


def codes(text: str) -> list[str]:
    return [found.code for found in lint_source(text, "a.py", config=EVERYTHING)]


def asked(text: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the definitions that are looked at."""
    names: list[str] = []
    examine = Examiner.__call__

    def noted(self: Examiner, root: Root) -> Examined:
        names.append(root.definition.qualname)
        return examine(self, root)

    monkeypatch.setattr(Examiner, "__call__", noted)
    lint_source(text, "a.py")
    return names


@pytest.mark.parametrize(
    ("parameters", "attend", "handed", "code"),
    [
        ("mask", FILLED.format("mask"), "x, torch.ones(9, 9).tril().bool()", "ATN207"),
        ("mask", FILLED.format("mask == 0"), "x, mask=torch.triu(torch.ones(9, 9))", "ATN207"),
        ("mask", FILLED.format("~mask.bool()"), "x, torch.triu(torch.ones(9, 9)), *args", "ATN207"),
        ("scale", SCALED.format("scale"), "x, self.dim**0.5", "ATN103"),
        ("scale", SCALED.format("(1 / scale)"), "x, self.dim**-0.5", "ATN103"),
        ("p", DROPPED, "x, 0.1", "ATN402"),
        ("p=0.1", DROPPED, "x", "ATN402"),
        (
            "mask, causal",
            FUSED.format("attn_mask=mask, is_causal=causal"),
            "x, torch.ones(9, 9).tril().bool(), True",
            "ATN401",
        ),
    ],
)
def test_what_a_caller_hands_over_is_seen(parameters: str, attend: str, handed: str, code: str) -> None:
    assert code in codes(module(parameters, attend, handed))
    assert code not in codes(module(parameters, attend, "x, given, *args, **kwargs"))


@pytest.mark.parametrize(
    "handed", ["x, given", "given, x", "x, mask=given", "x, **kwargs", "*args", "*args, **kwargs", "x.detach(), given"]
)
def test_a_caller_that_hands_on_its_own_parameters_is_not_asked(handed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(module("mask", FILLED.format("mask"), handed), monkeypatch) == ["Attention.attend"]


@pytest.mark.parametrize(
    "handed", ["x", "x, None", "x, given.bool()", "x, self.mask", "x, *given", "x, **given.kwargs", "x, x if x else 1"]
)
def test_a_caller_that_hands_over_more_is_asked(handed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = module("mask", FILLED.format("mask"), handed)
    assert asked(text, monkeypatch) == ["Attention.attend", "Attention.forward"]


@pytest.mark.parametrize(
    "before",
    ["given = given > 0", "given += 1", "given[0] = 1", "del given[0]", "given.logical_not_()", "(given := x)",
     "for given in x: pass"],
)  # fmt: skip
def test_a_parameter_that_is_changed_is_more(before: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = module("mask", FILLED.format("mask"), "x, given").replace(
        "        return self.attend", f"        {before}\n        return self.attend"
    )
    assert "Attention.forward" in asked(text, monkeypatch)


def test_a_parameter_that_is_a_number_for_the_caller_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    text = module("scale", SCALED.format("scale"), "x, given")
    assert "Attention.forward" not in asked(text, monkeypatch)
    annotated = text.replace("given=None", "given: float")
    assert "Attention.forward" in asked(annotated, monkeypatch)
    assert "Attention.forward" not in asked(annotated.replace("x, scale)", "x, scale: float)"), monkeypatch)


def test_functions_and_static_methods_have_no_object_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    function = dedent("""\
        def attend(query, key, value, mask):
            scores = query @ key.transpose(-2, -1) / query.size(-1) ** 0.5
            return scores.masked_fill(mask, float("-inf")).softmax(dim=-1) @ value
    """)
    static = f"class Functions:\n    @staticmethod\n{indent(function, '    ')}"
    for text, call in ((function, "attend"), (static, "Functions.attend")):
        caller = f"{text}\n\ndef caller(query, key, value, mask):\n    return {call}(query, key, value, {{}})\n"
        assert "caller" not in asked(caller.format("mask"), monkeypatch)
        assert "caller" in asked(caller.format("mask > 0"), monkeypatch)
        assert "caller" in asked(caller.format("key"), monkeypatch)


def test_a_method_that_is_called_on_its_class_gets_its_object(monkeypatch: pytest.MonkeyPatch) -> None:
    text = module("mask", FILLED.format("mask"), "self, x, given").replace("self.attend", "Attention.attend")
    assert "Attention.forward" not in asked(text, monkeypatch)
    assert "Attention.forward" in asked(text.replace("x, given)", "x, given > 0)"), monkeypatch)


INHERITED = (
    module("*args", SCALED.format("self.scale"), "x")
    + """

class Between(Attention):
    pass


class Multiplied(Between):
    def __init__(self, dim):
        super().__init__(dim)
        self.scale = dim**0.5

    def forward(self, x):
        return self.attend(x)
"""
)


def test_an_inherited_method_is_one_of_another_object() -> None:
    assert codes(INHERITED) == ["ATN103"]
    assert codes(INHERITED.replace("dim**0.5", "dim**-0.5")) == []
    assert codes(INHERITED.replace("(Between)", "(nn.Module)")) == []


def test_a_method_that_is_overridden_is_not_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Multiplied.forward" in asked(INHERITED, monkeypatch)
    overridden = INHERITED.replace("    pass\n", "    def attend(self, x):\n        return x\n")
    assert "Multiplied.forward" not in asked(overridden, monkeypatch)


def test_classes_that_inherit_in_a_circle_end() -> None:
    circle = INHERITED.replace("class Attention(nn.Module)", "class Attention(Multiplied)")
    assert isinstance(codes(circle.replace("def attend", "def attended")), list)


CHOOSING = """\
import torch
import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def fused(self, query, key, value, mask):
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask)

    def plain(self, query, key, value, mask):
        scores = query @ key.transpose(-2, -1) / query.size(-1) ** 0.5
        return scores.masked_fill(mask, float("-inf")).softmax(dim=-1) @ value

    def forward(self, query, key, value, mask):
        if self.fast:
            return self.fused(query, key, value, mask)
        return self.plain(query, key, value, mask)
"""


def test_a_caller_that_chooses_between_two_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert codes(CHOOSING) == ["ATN208"]
    one_of_them = CHOOSING.replace("return self.plain(query, key, value, mask)", "return query")
    assert "Attention.forward" not in asked(one_of_them, monkeypatch)


def test_a_finding_is_told_in_the_words_of_the_definition() -> None:
    text = module("scale", SCALED.format("scale"), "x, self.dim**0.5")
    found = lint_source(text, "a.py", config=EVERYTHING)
    assert [one.message.split(",")[0] for one in found] == ["the scores are multiplied by scale"]
