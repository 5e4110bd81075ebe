"""Outlines: what a module imports, defines and assigns, and on which lines."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import overload

import pytest
from depths import MANY

from attnlint.syntax import nesting
from attnlint.syntax.outline import ModuleOutline, outline
from attnlint.syntax.text import SourceError, SourceText

MODULE = '''\
"""A module."""
import torch.nn.functional as F, os.path
import torch.nn
from torch import nn, Tensor as T
from . import local
from .layers import Attention
from ..far import thing
from math import *
try:
    import flash
except ImportError:
    flash = None
    def attend(q):
        return q
else:
    @decorated(
        1
    )
    def attend(k):
        return k
scale: float = 1.0
bare: int
a, (b, *c) = values
scale *= 2; d = e = (
    3); f = 4

@(
    torch.compile
)
@torch.no_grad()
@registry["x"]
async def run(): pass

class Block(nn.Module, Generic[T]):
    heads = 8
    """text"""
    size: int = 4
    if heads:
        @property
        def width(self): return 1
        @width.setter
        def width(self, value): pass
    @overload
    def forward(self, x: int) -> int: ...
    @typing.overload
    def forward(self, x: str) -> str: ...
    def forward(self, x):
        def inner(): pass
        return x
    class Inner:
        def method(self): pass

class One: x = 1; y = 2
match scale:
    case 1:
        def matched(): pass
'''


def outlined(text: str) -> ModuleOutline:
    return outline(SourceText.from_text("module.py", text))


@pytest.fixture(scope="module")
def module() -> ModuleOutline:
    return outlined(MODULE)


def lines_of(module: ModuleOutline, name: str) -> list[str]:
    return [module.source.slice(lines.first, lines.last) for lines in module.assignments[name]]


def test_imports(module: ModuleOutline) -> None:
    assert module.imports == {
        "F": "torch.nn.functional",
        "os": "os",
        "torch": "torch",
        "nn": "torch.nn",
        "T": "torch.Tensor",
        "local": ".local",
        "Attention": ".layers.Attention",
        "thing": "..far.thing",
        "flash": "flash",
    }
    assert module.star_imports == ["math"]


def test_functions_and_their_alternatives(module: ModuleOutline) -> None:
    assert list(module.functions) == ["attend", "run", "matched"]
    assert [each.text.strip().splitlines()[0] for each in module.alternatives["attend"]] == [
        "def attend(q):",
        "@decorated(",
    ]
    assert module.alternatives["attend"][-1] is module.functions["attend"]
    assert list(module.alternatives) == ["attend"]


def test_a_definition_begins_at_its_first_decorator(module: ModuleOutline) -> None:
    run = module.functions["run"]
    assert run.text.startswith("@(\n    torch.compile\n)\n@torch")
    assert run.text.endswith("run(): pass\n")
    assert run.decorators == ("torch.compile", "torch.no_grad", "")
    assert (run.kind, run.parent, run.outline) == ("function", None, module)


def test_classes(module: ModuleOutline) -> None:
    block = module.classes["Block"]
    assert (block.kind, block.bases, block.qualname) == ("class", ("nn.Module", ""), "Block")
    assert set(block.methods) == {"width", "forward"}
    assert block.methods["width"].decorators == ("property",)
    assert block.methods["forward"].text.endswith("return x\n")
    assert block.methods["forward"].parent is block
    inner = block.classes["Inner"]
    assert (inner.qualname, inner.methods["method"].qualname, inner.parent) == (
        "Block.Inner",
        "Block.Inner.method",
        block,
    )
    assert [(lines.first, lines.last) for lines in block.assignments["size"]] == [(37, 37)]
    assert list(module.classes["One"].assignments) == ["x", "y"]


def test_assignments(module: ModuleOutline) -> None:
    assert set(module.assignments) == {"flash", "scale", "a", "b", "c", "d", "e", "f"}
    assert lines_of(module, "scale") == ["scale: float = 1.0\n", "scale *= 2; d = e = (\n    3); f = 4\n"]
    assert lines_of(module, "f") == lines_of(module, "d")
    assert lines_of(module, "flash") == ["    flash = None\n"]


def test_definitions_come_in_source_order_with_stubs_and_setters(module: ModuleOutline) -> None:
    names = [definition.qualname for definition in module.definitions()]
    forwards = ["Block.width"] * 2 + ["Block.forward"] * 3
    assert names == ["attend", "attend", "run", *forwards, "Block.Inner.method", "matched"]


def test_the_body_is_the_module_without_its_definitions(module: ModuleOutline) -> None:
    body = module.body
    assert (body.kind, body.lines.first, body.lines.last) == ("module", 1, len(module.source.lines))
    kept, whole = body.text.split("\n"), MODULE.split("\n")
    assert len(kept) == len(whole)
    assert kept[12:14] == ["    pass", ""]
    assert kept[15:20] == ["    pass", "", "", "", ""]
    definitions = slice(whole.index("@("), whole.index("match scale:"))
    assert set(kept[definitions]) == {""}
    assert all(line in ("", whole[number]) for number, line in enumerate(kept) if line.strip() != "pass")
    compile(body.text, "body", "exec", dont_inherit=True)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x = 1\nprint 'two'\n", 2),
        ("def f(:\n", 1),
        ("x\0 = 1", None),
        ("\tif x:\n", 1),
        ("x = " + "(" * 300 + ")" * 300, 1),
        ("\ufeff\ufeffx", 1),
        ("x = '", 1),
    ],
)
def test_code_that_does_not_parse(text: str, line: int | None) -> None:
    with pytest.raises(SourceError) as caught:
        outlined(text)
    assert line is None or caught.value.line == line
    assert caught.value.reason
    assert "\n" not in caught.value.reason


@pytest.mark.parametrize(
    "text", ["x = " + "-" * 200_000 + "1", "x = " + "not " * 200_000 + "1", "x = " + "a+" * 500_000 + "a"]
)
def test_hostile_code_is_outlined_or_refused(text: str) -> None:
    try:
        assert outlined(text).body.depth > 100_000
    except SourceError as error:
        assert "too deeply" in error.reason  # noqa: PT017 - either way is right


def test_warnings_about_the_code_are_silenced() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outlined("x = '\\d' if y is 1 else 1if x else 2\n")


def test_empty_module() -> None:
    module = outlined("")
    assert module.body.text == ""
    assert list(module.definitions()) == []


@pytest.mark.parametrize(
    ("expression", "depth"),
    [
        ("x", 1),
        ("f(x)", 2),
        ("a + b + c", 3),
        ("a and b and c and d", 4),
        ("x.y.z", 3),
        ("[a for b in c for d in e]", 3),
        ("lambda x=y: z", 2),
        ("'" + "a" * 600 + "' " + "'b' " * 9, 10),
    ],
)
def test_depth_counts_levels(expression: str, depth: int) -> None:
    assert outlined(f"def f():\n    return {expression}\n").functions["f"].depth == depth


@pytest.mark.parametrize(
    "code",
    [
        "x = " + "a +" * MANY + "a",
        "x = " + "a and " * MANY + "a",
        "x = " + "'a' " * MANY,
        "x = a" + ".b" * MANY,
        "x = a" + "()" * MANY,
        "x = [a" + " for b in c" * 2_500 + "]",
        "import a" + ".b" * MANY,
        "if a: pass\n" + "elif b: pass\n" * 2_500,
        "match x:\n    case " + "a" + ".b" * 2_500 + ": pass",
    ],
)
def test_every_way_to_nest_is_seen(code: str) -> None:
    module = outlined(f"def ok(): pass\n{code}\n")
    assert module.body.depth >= 2_500
    assert module.body.nesting_above(1000) == module.body.depth
    assert module.functions["ok"].nesting_above(1000) == 1000


class Read(Sequence[str]):
    """Lines, and how many characters of them were asked for."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines(keepends=True)
        self.characters = 0

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        found = self._lines[index]
        self.characters += len(found) if isinstance(found, str) else sum(map(len, found))
        return found


LONG = "a" * 600


@pytest.mark.parametrize(
    ("code", "depth"),
    [
        (f"x = [{f'{LONG!r}, ' * 100}]", 2),
        (f"x = [{f'{LONG!r}, ' * 100}{LONG!r} 'b' 'c']", 4),
        (f"x = [{f'é{LONG!r}, ' * 100}]".replace("é'", "'é"), 2),
        (f"x = ['''{LONG}\\n'''{f', {LONG!r}' * 100}]", 2),
        (f"x = f'{f'{LONG}{{y}}' * 100}'", 3),
    ],
)
def test_long_literals_of_one_line_are_read_once(code: str, depth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Read(code)
    searched = []

    class Searching:
        def finditer(self, text: str) -> Iterator[re.Match[str]]:
            searched.append(len(text))
            return literal.finditer(text)

    literal = nesting.LITERAL
    monkeypatch.setattr(nesting, "LITERAL", Searching())
    assert nesting.nesting(ast.parse(code), lines) == depth
    assert lines.characters + sum(searched) <= 6 * len(code)


def test_outlines_do_without_libcst() -> None:
    code = "import sys, attnlint.syntax.outline; sys.exit(any('libcst' in name for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
