"""What is found with what callers know, and which callers are asked."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest
from looking import examined

from attnlint import Configuration, lint_source

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
        self.out = nn.Linear(dim, dim)

    def attend(self, x, {parameters}):
        query, key, value = self.query(x), self.key(x), self.value(x)
{attend}

"""
FILLED = """
scores = query @ key.transpose(-2, -1) / self.dim**0.5
return self.out(scores.masked_fill({}, float("-inf")).softmax(dim=-1) @ value)
"""
SCALED = "return self.out((query @ key.transpose(-2, -1) * {}).softmax(dim=-1) @ value)"
DROPPED = "return self.out(F.dropout((query @ key.transpose(-2, -1) / self.dim**0.5).softmax(dim=-1), p) @ value)"
FUSED = "return self.out(F.scaled_dot_product_attention(query, key, value, {}))"
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
    "handed",
    [
        "x, given",
        "given, x",
        "x, mask=given",
        "x, **kwargs",
        "*args",
        "*args, **kwargs",
        "x, *given",
        "x, **given.masks",
        "x.detach(), given",
    ],
)
def test_a_caller_that_hands_on_its_own_parameters_is_not_asked(handed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert examined(module("mask", FILLED.format("mask"), handed), monkeypatch) == ["Attention.attend"]


@pytest.mark.parametrize(
    "handed",
    ["x", "x, None", "x, given.bool()", "x, self.mask", "x, *[given > 0]", "x, **{'mask': x > 0}", "x, x if x else 1"],
)
def test_a_caller_that_hands_over_more_is_asked(handed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = module("mask", FILLED.format("mask"), handed)
    assert examined(text, monkeypatch) == ["Attention.attend", "Attention.forward"]


@pytest.mark.parametrize(
    "before",
    ["given = given > 0", "given += 1", "given[0] = 1", "del given[0]", "given.logical_not_()", "(given := x)",
     "for given in x: pass", "torch.eq(x, 0, out=given)", "given.data.fill_(1)", "F.relu(given, inplace=True)",
     "import given", "from x import y as given", "try: pass\n        except E as given: pass",
     "match x:\n            case [*given]: pass", "match x:\n            case {'a': given, **rest}: pass",
     "match x:\n            case {**given}: pass", "match x:\n            case int() as given: pass"],
)  # fmt: skip
def test_a_parameter_that_is_changed_is_more(before: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = module("mask", FILLED.format("mask"), "x, given").replace(
        "        return self.attend", f"        {before}\n        return self.attend"
    )
    assert "Attention.forward" in examined(text, monkeypatch)


def test_a_parameter_that_is_a_number_for_the_caller_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    text = module("scale", SCALED.format("scale"), "x, given")
    assert "Attention.forward" not in examined(text, monkeypatch)
    annotated = text.replace("given=None", "given: float")
    assert "Attention.forward" in examined(annotated, monkeypatch)
    assert "Attention.forward" not in examined(annotated.replace("x, scale)", "x, scale: float)"), monkeypatch)


def test_functions_and_static_methods_have_no_object_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    function = dedent("""\
        def attend(x, mask):
            query, key, value = nn.Linear(64, 64)(x), nn.Linear(64, 64)(x), nn.Linear(64, 64)(x)
            scores = query @ key.transpose(-2, -1) / 8
            return nn.Linear(64, 64)(scores.masked_fill(mask, float("-inf")).softmax(dim=-1) @ value)
    """)
    static = f"class Functions:\n    @staticmethod\n{indent(function, '    ')}"
    for text, call in ((function, "attend"), (static, "Functions.attend")):
        caller = f"from torch import nn\n\n\n{text}\n\ndef caller(x, mask):\n    return {call}(x, {{}})\n"
        assert "caller" not in examined(caller.format("mask"), monkeypatch)
        assert "caller" in examined(caller.format("mask > 0"), monkeypatch)


def test_a_method_that_is_called_on_its_class_gets_its_object(monkeypatch: pytest.MonkeyPatch) -> None:
    text = module("mask", FILLED.format("mask"), "self, x, given").replace("self.attend", "Attention.attend")
    assert "Attention.forward" not in examined(text, monkeypatch)
    assert "Attention.forward" in examined(text.replace("x, given)", "x, given > 0)"), monkeypatch)


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
    assert "Multiplied.forward" in examined(INHERITED, monkeypatch)
    overridden = INHERITED.replace("    pass\n", "    def attend(self, x):\n        return x\n")
    assert "Multiplied.forward" not in examined(overridden, monkeypatch)


def test_classes_that_inherit_in_a_circle_end() -> None:
    circle = INHERITED.replace("class Attention(nn.Module)", "class Attention(Multiplied)")
    assert isinstance(codes(circle.replace("def attend", "def attended")), list)


CHOOSING = """\
import torch
import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)
        self.out = nn.Linear(dim, dim)

    def fused(self, x, mask):
        query, key, value = self.query(x), self.key(x), self.value(x)
        return self.out(F.scaled_dot_product_attention(query, key, value, attn_mask=mask))

    def plain(self, x, mask):
        query, key, value = self.query(x), self.key(x), self.value(x)
        scores = query @ key.transpose(-2, -1) / query.size(-1) ** 0.5
        return self.out(scores.masked_fill(mask, float("-inf")).softmax(dim=-1) @ value)

    def forward(self, x, mask):
        {}
"""
FUSED_CALL, PLAIN_CALL = "self.fused(x, mask)", "self.plain(x, mask)"


@pytest.mark.parametrize(
    "chosen",
    [
        f"if self.fast:\n            return {FUSED_CALL}\n        return {PLAIN_CALL}",
        f"if self.fast:\n            x = {FUSED_CALL}\n        else:\n            x = {PLAIN_CALL}\n        return x",
        f"return {FUSED_CALL} if self.fast else {PLAIN_CALL}",
    ],
)
def test_a_caller_that_chooses_between_two_is_asked(chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert codes(CHOOSING.format(chosen)) == ["ATN208"]
    one_of_them = chosen.replace(PLAIN_CALL, "x")
    assert "Attention.forward" not in examined(CHOOSING.format(one_of_them), monkeypatch)


@pytest.mark.parametrize(
    "chosen",
    [
        f"return self.fast and {FUSED_CALL} or {PLAIN_CALL}",
        f"match self.fast:\n            case 1:\n                return {FUSED_CALL}\n"
        f"            case _:\n                return {PLAIN_CALL}",
    ],
)
def test_choices_of_other_kinds(chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Attention.forward" in examined(CHOOSING.format(chosen), monkeypatch)


@pytest.mark.parametrize(
    "both",
    [
        f"return {FUSED_CALL} + {PLAIN_CALL}",
        f"if self.fast:\n            x = {FUSED_CALL}\n        return {PLAIN_CALL}",
        f"if self.fast:\n            x = {FUSED_CALL} + {PLAIN_CALL}\n        else:\n            x = 2 * x",
    ],
)
def test_both_are_no_choice(both: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Attention.forward" not in examined(CHOOSING.format(both), monkeypatch)


BLOCK = """

class Block(nn.Module):
    def __init__(self, dim, scale, config):
        super().__init__()
        {}

    def forward(self, x, mask=None):
        {}
"""


def block(making: str) -> str:
    """An attention module, whose scale is handed to its constructor, and a block that has one."""
    scaled = module("mask=None", SCALED.format("self.scale"), "x").replace("attend", "forward", 1)
    given = scaled.replace("self, dim)", "self, dim, scale=None)").replace(
        "self.dim = dim", "self.scale = scale or 1.0"
    )
    return given.partition(FORWARD.partition("{")[0])[0] + BLOCK.format(making, "return x + self.attention(x, mask)")


@pytest.mark.parametrize(
    "making",
    [
        "self.attention = Attention(dim)",
        "self.attention = Attention(dim, scale)",
        "self.attention = Attention(dim, scale=config.scale)",
        "size = config.hidden.size\n        self.size = size\n        self.attention = Attention(self.size, scale)",
        "self.attention = Attention(*config)",
        "self.attention = make(dim)",
    ],
)
def test_a_block_that_only_adds_is_not_asked(making: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = making.replace("Attention(dim)", "Attention(dim, scale)")
    assert "Block.forward" not in examined(block(given), monkeypatch)


@pytest.mark.parametrize(
    "making",
    [
        "self.attention = Attention(dim, dim**0.5)",
        "self.attention = Attention(scale=8.0, dim=dim)",
        "self.attention = Attention(dim) if dim else Attention(dim, scale)",
        "self.attention = Attention(dim, scale)\n        if dim:\n            self.attention = Attention(dim, scale)",
        "scale = 8.0\n        self.attention = Attention(dim, scale)",
        "self.scale = dim**0.5\n        self.attention = Attention(dim, self.scale)",
    ],
)
def test_a_block_that_makes_its_attention_in_its_own_way_is_asked(making: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Block.forward" in examined(block(making), monkeypatch)


def test_a_scale_that_a_block_makes_is_seen() -> None:
    assert codes(block("self.attention = Attention(dim, dim**0.5)")) == ["ATN103"]


def test_an_attribute_that_a_caller_sets_is_seen() -> None:
    text = module("*args", FILLED.format("self.mask"), "x")
    assert codes(text) == []
    setting = text.replace(
        "return self.attend", "self.mask = torch.ones(9, 9).tril().bool()\n        return self.attend"
    )
    assert codes(setting) == ["ATN207"]


PARTS = """\
import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads, self.head_dim = heads, dim // heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def attend(self, x, mask):
        qkv = self.qkv(x).view(x.shape[0], x.shape[1], 3, self.heads, self.head_dim)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        weights = (query @ key.transpose(-2, -1) / self.head_dim**0.5).masked_fill(mask, float("-inf")).softmax(dim=-1)
        return {}

    def forward(self, x, mask):
        {}
"""


def test_what_a_caller_does_with_the_result_is_seen() -> None:
    merging = "batch, tokens, dim = x.shape\n        return self.out(self.attend(x, mask).reshape(batch, tokens, dim))"
    merged = PARTS.format("weights @ value", merging)
    assert "ATN502" in codes(merged)
    assert "ATN502" not in codes(merged.replace(".reshape", ".transpose(1, 2).reshape"))
    filled = "weights, value = self.attend(x, mask)\n        return self.out({} @ value)"
    later = PARTS.format("weights, value", filled.format("weights.masked_fill(mask == 0, float('-inf'))"))
    assert "ATN205" in codes(later)
    assert "ATN205" not in codes(PARTS.format("weights, value", filled.format("weights")))


def test_right_code_whose_scale_comes_from_two_calls_above() -> None:
    text = """\
import torch
from torch import nn


def attend(query, key, value):
    return (query @ key.transpose(-2, -1)).softmax(dim=-1) @ value


class Attention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.scale = dim**-0.5
        self.query, self.key, self.value = nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, dim)

    def attended(self, query, key, value):
        return attend(query, key, value)

    def forward(self, x):
        return self.attended(self.query(x) * self.scale, self.key(x), self.value(x))
"""
    assert codes(text) == []
    assert codes(text.partition("class")[0]) == ["ATN101"]


def test_axes_that_a_caller_names_are_seen() -> None:
    text = """\
from jaxtyping import Float
from torch import Tensor, nn


def attend(query, key, value):
    return (query @ key.transpose(1, 2) / 8).softmax(dim=1) @ value


def caller(query: Float[Tensor, "batch heads query head"], key: Float[Tensor, "batch heads key head"], value):
    return attend(query, key, value)
"""
    assert codes(text) == ["ATN302"]
    assert codes(text.replace("batch heads ", "batch ")) == ["ATN302"]
    assert codes(text.partition("def caller")[0]) == []


def test_a_finding_is_told_in_the_words_of_the_definition() -> None:
    text = module("scale", SCALED.format("scale"), "x, self.dim**0.5")
    found = lint_source(text, "a.py", config=EVERYTHING)
    assert [one.message.split(",")[0] for one in found] == ["the scores are multiplied by scale"]
