"""Syntax that is newer than the Python that runs is called that, and nothing else is."""

from __future__ import annotations

import ast
import sys
import warnings

import pytest

from attnlint import SourceError, lint_source
from attnlint.syntax.newer import needs_newer
from attnlint.syntax.stack import on_big_stack

NEWER = [
    ((3, 11), "`except*` is", 2, "x\ntry:\n    pass\nexcept* A:\n    pass\n"),
    ((3, 11), "an unpacked index is", 1, "x[*a]\n"),
    ((3, 11), "an unpacked annotation is", 1, "def f(*args: *Ts): pass\n"),
    ((3, 12), "a `type` statement is", 3, "import torch\n\ntype X = int\n"),
    ((3, 12), "a list of type parameters is", 1, "def f[T](x: T) -> T:\n    return x\n"),
    ((3, 12), "a list of type parameters is", 2, "\nclass A[T: int, *Ts, **P]:\n    pass\n"),
    ((3, 12), "such an expression in an f-string is", 1, 'x = f"{d["a"]}"\n'),
    ((3, 12), "such an expression in an f-string is", 1, "x = f'{\"\\n\".join(a)}'\n"),
    ((3, 12), "such an expression in an f-string is", 2, "y = 1\nx = f'''{\n a # c\n}'''\n"),
    ((3, 12), "such an expression in an f-string is", 1, "x = f'{\n a}'\n"),
    ((3, 12), "such an expression in an f-string is", 1, "x = f'{a:{'b'}}'\n"),
    ((3, 13), "a default of a type parameter is", 3, "type X = int\n\ndef f[T = int](): pass\n"),
    ((3, 14), "a template string is", 2, "type X = int\nx = t'{a}'\n"),
    ((3, 14), "`except` with several types and no parentheses is", 3, "try:\n    pass\nexcept A, B:\n    pass\n"),
]
OLD = [
    'x = f\'{a["b"]!r:>{w}} \\n {{#}} {"#"}\'\n',
    'x = rf\'{a}\\d\' f"""{a["b"]}\n{\n a}"""\n',
    "try:\n    pass\nexcept (A, B):\n    pass\n",
    "match x:\n    case [*_]: pass\n",
    "x[a:b, (*c,)] = type = t = 1\ntype(x)\nt('a')\n",
    "with (a as b, c as d): pass\n",
]
BROKEN = [
    "1 = x\n",
    "print 'x'\n",
    "f'{a b}'\n",
    "type X = int\nx = (\n",
    "def f[T](x):\n    return = 1\n",
    "\x00type X = int\n",
    "\r\u2028",
]


@pytest.mark.parametrize(("version", "what", "line", "text"), NEWER)
def test_it_is_named(version: tuple[int, int], what: str, line: int, text: str) -> None:
    before = (3, version[1] - 1)
    said = f"{what} Python 3.{version[1]} or newer, and attnlint runs on 3.{before[1]}"
    assert on_big_stack(lambda: needs_newer(text, before)) == (line, said)
    assert on_big_stack(lambda: needs_newer(text, version)) is None


@pytest.mark.parametrize(("version", "what", "line", "text"), NEWER)
@pytest.mark.parametrize("about", ["", "torch.softmax(x)\n"])  # what is read, and what is only checked
def test_it_is_told_of_a_file(version: tuple[int, int], what: str, line: int, text: str, about: str) -> None:
    if version <= sys.version_info:
        assert lint_source(text + about, "x.py") == []
        return
    with pytest.raises(SourceError) as error:
        lint_source(text + about, "x.py")
    assert error.value.line == line
    assert error.value.reason.startswith(f"{what} Python 3.{version[1]} or newer, and attnlint runs on 3.")


@pytest.mark.parametrize("text", OLD)
def test_what_is_old_is_not(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ast.parse(text)  # on all releases that attnlint runs on
    assert on_big_stack(lambda: needs_newer(text, (3, 10))) is None


@pytest.mark.parametrize("terms", ["+".join(["x"] * 50_000), "(" * 5000 + ")" * 5000, "f'''" + "{a + '''" * 20_000])
def test_what_libcst_would_not_survive_is_kept_from_it(terms: str) -> None:
    assert on_big_stack(lambda: needs_newer(f"type X = {terms}\n", (3, 10))) is None


@pytest.mark.parametrize(
    "pattern",
    [
        '{"a": ' * 30 + "1" + "}" * 30,
        "[\n" * 30 + "]" * 30,
        "A(b=" * 30 + "1" + ")" * 30,
        "x if f(" + "{1: {2: " * 9 + "3" + "}}" * 9 + ")",
    ],
)
def test_what_libcst_would_never_end_with_is_kept_from_it(pattern: str) -> None:
    """Its time doubles with each bracket around a pattern."""
    text = f"type X = int\nif X:\n    match x:\n        case {pattern}:\n            pass\n"
    assert on_big_stack(lambda: needs_newer(text, (3, 10))) is None


def test_brackets_are_counted_to_the_end_of_a_line_without_any_open() -> None:
    body = "            f(g(h(i(j(k(l(1)))))))\n"
    cases = f"        case [\n            {{1: y}},\n        ]:\n{body}        case y:\n{body}"
    text = f"type X = int\ncase = {body.strip()}\nmatch x:\n{cases}"
    told = on_big_stack(lambda: needs_newer(text, (3, 10)))
    assert told is not None
    assert told[0] == 1


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: text[:20])
def test_what_no_release_parses_is_not(text: str) -> None:
    assert on_big_stack(lambda: needs_newer(text, (3, 10))) is None
    with pytest.raises(SourceError) as error:
        lint_source(text, "x.py")
    assert "or newer" not in error.value.reason
