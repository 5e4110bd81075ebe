"""Whatever it is given, the linter returns findings or says in one line why it cannot: it never crashes or hangs."""

from __future__ import annotations

import argparse
import ast
import asyncio.base_events
import dataclasses
import inspect
import io
import random
import statistics
import time
import tokenize
import typing
from pathlib import Path
from types import ModuleType

import libcst as cst
import pytest
from depths import MANY
from graph_support import snippets

from attnlint import Diagnostic, lint_source
from attnlint.syntax.parse import MAX_DEPTH
from attnlint.syntax.text import SourceError

IMPORTS = """\
import torch
import torch.nn as nn
import torch.nn.functional as F
"""
BUGGY = """\
def attend(q, k, v):
    B, T, D = q.shape
    scores = q.view(B, T, D) @ k.view(B, T, D).transpose(-2, -1) * D ** 0.5
    return F.softmax(scores, dim=-1) @ v
"""
SOFTMAX = "    return F.softmax({}, dim=-1)\n"


def lint(text: str, seconds: float = 10) -> list[Diagnostic]:
    began = time.perf_counter()
    found = lint_source(text, "snippet.py")
    assert time.perf_counter() - began < seconds
    return found


def codes(text: str, seconds: float = 10) -> list[str]:
    return sorted({diagnostic.code for diagnostic in lint(text, seconds)})


def test_the_buggy_function_is_reported() -> None:
    assert codes(IMPORTS + BUGGY) == ["ATN103"]


CYCLES = {
    **snippets("cycles"),
    "a fan of calls": (
        "".join(f"def f{i}(x):\n return f{i + 1}(x) + f{i + 1}(x)\n" for i in range(30))
        + "def f30(x):\n return F.softmax(x, -1)"
    ),
    "a fan of objects": (
        "".join(
            f"class A{i}(nn.Module):\n def __init__(self):\n  self.a, self.b = A{i + 1}(), A{i + 1}()\n"
            f" def forward(self, x):\n  return self.a(x) + self.b(self.a(x))\n"
            for i in range(30)
        )
        + "class A30:\n def forward(self, x):\n  return F.softmax(x, -1)"
    ),
}
GROWING = {
    "a sum": ("x = x + x", 60),
    "a product": ("x = x @ x.mT", 60),
    "a guard": ("y = y if x else y == x\nx = x == y", 30),
    "a scale": ("y = y * y + y", 60),
    "a shape": ("x = x.view(x.shape[0], x.shape[1] * x.shape[0], -1)", 40),
    "a tuple": ("x = (x, x)", 60),
    "arms": ("if x == y:\n    y = (y, x)\nelse:\n    x = (x, y)", 40),
    "a conditional": ("x = x + 1 if x > y else x - y", 40),
    "a string": ("y = y + 'y' if y else 'y' + y", 40),
    "a mask": ("x = x.masked_fill(x == y, -1)\ny = x > y", 40),
}


@pytest.mark.parametrize(("statements", "times"), GROWING.values(), ids=list(GROWING))
def test_what_grows_from_itself_is_quick(statements: str, times: int) -> None:
    lines = "\n".join([statements] * times).replace("\n", "\n    ")
    assert "ATN103" in codes(f"{IMPORTS}def f(x, y):\n    {lines}\n    return F.softmax(x @ x.mT / y, -1)\n{BUGGY}")


@pytest.mark.parametrize("text", CYCLES.values(), ids=list(CYCLES))
def test_cycles_end(text: str) -> None:
    assert "ATN103" in codes(f"{IMPORTS}{text}\n{BUGGY}")


@pytest.mark.parametrize(
    ("left", "right"),
    [("(", ")"), ("[", "]"), ("F.relu(", ")"), ("x[", "]"), ("-", ""), ("{0: ", "}[0]"), ("(lambda: ", ")()")],
)
def test_180_levels_are_analysed(left: str, right: str) -> None:
    nested = left * 180 + "x" + right * 180
    text = IMPORTS + BUGGY.replace("    B, T", f"    x = q\n    y = {nested}\n    B, T")
    assert codes(text) == ["ATN103"]


TERMS = " + ".join(["x"] * MANY)
HOSTILE = {
    "a function": ("def huge(x):\n    y = {}\n    return F.softmax(y, -1)\n", "huge is not"),
    "a method": ("class A:\n    def huge(self, x):\n        return F.softmax({}, -1)\n", "A.huge is not"),
    "a nested function": (
        "def outer(x):\n    def huge():\n        return F.softmax({}, -1)\n    return huge\n",
        "outer is not",
    ),
    "a lambda": ("def huge(x):\n    return lambda: F.softmax({}, -1)\n", "huge is not"),
    "a default": ("def huge(x=({})):\n    return F.softmax(x, -1)\n", "huge is not"),
    "a decorator": ("@register({})\ndef huge(x):\n    return F.softmax(x, -1)\n", "huge is not"),
    "an annotation": ("def huge(x: {}):\n    return F.softmax(x, -1)\n", "huge is not"),
    "a constructor": (
        "class A:\n    def __init__(self, x):\n        self.y = {}\n"
        "    def f(self, x):\n        return F.softmax(self.y, -1)\n",
        "A.__init__ is not",
    ),
    "the module's body": ("x = 1\ny = {}\nz = F.softmax(y, -1)\n", "module's own statements are not"),
    "a block of the module's body": (
        "x = 1\nif x:\n    y = {}\n    z = F.softmax(y, -1)\n",
        "module's own statements are not",
    ),
    "a class body": (
        "class A(nn.Module):\n    y = {}\n    def forward(self, x):\n        return F.softmax(self.y * x, -1)\n",
        "A is not",
    ),
    "bases of a class": (
        "class A(make({})):\n    def forward(self, x):\n        return F.softmax(x, -1)\n",
        "A is not",
    ),
}
FORMS = {
    "sums": TERMS,
    "ands": TERMS.replace("+", "and"),
    "comparisons": TERMS.replace("+", "<"),
    "attributes": "x" + ".x" * MANY,
    "calls": "x" + "(x)" * MANY,
    "subscripts": "x" + "[0]" * MANY,
    "conditions": TERMS.replace("+", "if x else"),
    "negations": "-" * MANY + "x",
    "strings": " ".join(["'x'"] * MANY),
}


@pytest.mark.parametrize("order", ["before", "after"])
@pytest.mark.parametrize(("template", "name"), HOSTILE.values(), ids=list(HOSTILE))
def test_many_terms_cost_one_definition(template: str, name: str, order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parse, longest = cst.parse_module, 0

    def watched(text: str) -> cst.Module:
        nonlocal longest
        longest = max(longest, len(text))
        return parse(text)

    monkeypatch.setattr(cst, "parse_module", watched)
    hostile = template.format(TERMS)
    found = lint(IMPORTS + (hostile + BUGGY if order == "before" else BUGGY + hostile))
    (left_out,) = (diagnostic for diagnostic in found if diagnostic.code == "ATN004")
    assert name in left_out.message
    assert "ATN103" in {diagnostic.code for diagnostic in found}
    assert longest < len(TERMS)


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_many_terms_of_any_kind_cost_one_definition(form: str) -> None:
    try:
        found = codes(f"{IMPORTS}{BUGGY}def huge(x):\n    y = {form}\n    return F.softmax(y, -1)\n")
    except SourceError:
        with pytest.raises((SyntaxError, RecursionError, MemoryError)):  # Python itself refuses some
            ast.parse(form)
        return
    assert "ATN103" in found
    assert "ATN004" in found or "comparisons" in form or "<" in form


@pytest.mark.parametrize(
    "template", ["x{0} = 1\n", "if x:\n  pass\n", "def f{0}(x):\n    return F.softmax(x, -1)\n", "x = [{0}]\n"]
)
def test_many_of_anything_is_quick(template: str) -> None:
    text = IMPORTS + "x = 1\n" + "".join(template.format(i) for i in range(1_000)) + BUGGY
    assert "ATN103" in codes(text, 20)


@pytest.mark.parametrize("terms", [MAX_DEPTH // 2, MAX_DEPTH - 20])
def test_just_below_the_limit_is_analysed(terms: int) -> None:
    chain = " + ".join(["q"] * terms)
    text = BUGGY.replace("    scores", f"    z = {chain}\n    scores")
    assert codes(IMPORTS + text) == ["ATN103"]


# --- every construct ----------------------------------------------------------------------------------------------


def parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def indented(text: str, by: str) -> str:
    lines = text.strip("\n").split("\n")
    return "\n".join(by + line for line in lines)


PLACES = {
    "function": ("def f(x, y):\n", "    "),
    "async function": ("async def f(x, y):\n", "    "),
    "method": ("class K(nn.Module):\n    def forward(self, x, y):\n", "        "),
    "class": ("class K:\n", "    "),
    "loop": ("def f(x, y):\n    while x:\n", "        "),
    "module": ("", ""),
}


def placed(construct: str, header: str, by: str) -> str:
    return f"{IMPORTS}{header}{indented(construct, by)}\n{by}y = F.softmax(x @ y, dim=-1)\n{BUGGY}"


WHERE = [
    pytest.param(text, id=f"{title} in a {place}")
    for title, construct in snippets("constructs").items()
    for place, (header, by) in PLACES.items()
    if parses(text := placed(construct, header, by))
]


@pytest.mark.parametrize("text", WHERE)
def test_every_construct_is_read(text: str) -> None:
    assert "ATN103" in codes(text)


# --- mutated files ------------------------------------------------------------------------------------------------

REAL: list[ModuleType] = [argparse, asyncio.base_events, dataclasses, inspect, statistics, typing]
FIXTURES = sorted((Path(__file__).parents[1] / "fixtures").glob("*.py"))


def tokens(text: str) -> list[str]:
    """The text in pieces: joined again they are the text."""
    lines = text.splitlines(keepends=True)
    cuts = [(t.start, t.end) for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.start != t.end]
    starts = [sum(map(len, lines[: start[0] - 1])) + start[1] for start, _ in cuts]
    return [text[one:two] for one, two in zip([0, *starts], [*starts, len(text)], strict=True)]


def mutated(pieces: list[str], dice: random.Random) -> str:
    out = list(pieces)
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(out))
        match dice.randrange(4):
            case 0:
                del out[at]
            case 1:
                out.insert(at, out[at])
            case 2:
                other = dice.randrange(len(out))
                out[at], out[other] = out[other], out[at]
            case _:
                out.insert(
                    at,
                    dice.choice(
                        [
                            "(",
                            ")",
                            ":",
                            "*",
                            "yield ",
                            "await ",
                            "\n",
                            "    ",
                            "\\",
                            '"',
                            "F.softmax(x, -1)",
                            "\f",
                            "\0",
                            "é",
                        ]
                    ),
                )
    return "".join(out)


def survives(text: str) -> bool:
    """Whether a text is linted; a `SourceError` is the one other way out."""
    try:
        lint_source(text, "mutated.py")
    except SourceError as error:
        return not error.reason
    return True


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_mutated_fixtures_are_linted_or_refused(path: Path) -> None:
    dice = random.Random(path.stem)
    pieces = tokens(path.read_text())
    outcomes = [survives(mutated(pieces, dice)) for _ in range(25)]
    assert any(outcomes)


@pytest.mark.parametrize("module", REAL, ids=lambda module: module.__name__)
def test_mutated_modules_are_linted_or_refused(module: ModuleType) -> None:
    """The standard library holds no attention: every function is given some."""
    dice = random.Random(module.__name__)
    text = Path(typing.cast(str, module.__file__)).read_text()
    tree = ast.parse(text)
    lines = text.splitlines(keepends=True)
    firsts = [f.body[0] for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) and f.lineno < f.body[0].lineno]
    bodies = sorted({first.lineno for first in firsts if not hasattr(first, "decorator_list")})
    for line in sorted(dice.sample(bodies, min(8, len(bodies))), reverse=True):
        margin = lines[line - 1][: len(lines[line - 1]) - len(lines[line - 1].lstrip())]
        lines.insert(line - 1, f"{margin}weights = torch.softmax(query @ key, -1)\n")
    whole = "".join(lines)
    assert survives(whole)
    pieces = tokens(whole)
    for _ in range(3):
        survives(mutated(pieces, dice))
