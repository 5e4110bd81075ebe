"""Markdown and reStructuredText: which lines are Python, and what a fix changes in the document."""

from __future__ import annotations

import re
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest

from attnlint import Diagnostic, Edit, Fix, Severity, Span, Tier, lint_source
from attnlint.documents import SUFFIXES, open_document, rst
from attnlint.fixes import Fixed, fix_source
from attnlint.rule import discover, select
from attnlint.syntax.text import SourceError

RULES = select(discover())
BUGGY = """\
import torch


def attend(q, k, v, mask):
    scores = q @ k.transpose(-2, -1)
    scores.masked_fill(mask == 0, float('-inf'))
    return torch.softmax(scores, dim=-1) @ v
"""
FIXED = BUGGY.replace("    scores.masked", "    scores = scores.masked").replace(
    "q @ k.transpose(-2, -1)\n", "q @ k.transpose(-2, -1) / q.size(-1) ** 0.5\n"
)


def python(text: str, path: str = "a.md") -> list[str]:
    """The lines of Python in a document that are not blank."""
    source = open_document(path, text.encode()).source
    return [line.rstrip("\r\n") for line in source.lines if line.strip()]


def everything(diagnostic: Diagnostic) -> bool:
    return True


def fixed(text: str, path: str) -> Fixed:
    return fix_source(text.encode(), path, RULES, everything)


def prefixed(text: str, prefix: str) -> str:
    """The text, each line behind a prefix; blank lines have none of its trailing space."""
    return "".join((prefix + line).rstrip() + "\n" for line in text.splitlines())


# Markdown


@pytest.mark.parametrize(
    "info",
    [
        "python",
        "py",
        "Python3",
        "  python  ",
        "pycon",
        "ipython",
        'python title="a.py" hl_lines="2"',
        "python, ignore",
        "python:model.py",
        "{python}",
        "{python, echo=FALSE}",
        "{.python .numberLines}",
        "{code-cell} python",
        "{code-cell} ipython3",
        "{code-cell}",
        "{code-block} python",
    ],
)
@pytest.mark.parametrize("fence", ["```", "~~~", "`````"])
def test_fences_that_say_python(info: str, fence: str) -> None:
    if "`" in fence:
        assert python(f"{fence}{info}\nx = 1\n{fence}\n") == ["x = 1"]
    assert python(f"~~~{info}\nx = 1\n~~~\n") == ["x = 1"]


@pytest.mark.parametrize(
    "info",
    ["", "text", "pytb", "pythonx", "{r}", "{.text}", "{code-block}x", "{code-cell} bash", "{note} python", "js"],
)
def test_fences_that_do_not(info: str) -> None:
    assert python(f"```{info}\nx = 1\n```\n") == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("````python\nx = '''\n```\n'''\n````\n", ["x = '''", "```", "'''"]),
        ("````md\n```python\nx = 1\n```\n````\n", []),
        ("~~~python\nx = 1\n```\ny = 2\n~~~\n", []),
        ("```python\nx = 1\n", ["x = 1"]),
        ("```python\nx = 1", ["x = 1"]),
        ("```python\n```\n", []),
        ("   ```python\n   x = 1\n     \n   if x:\n       y = 1\n   ```\n", ["x = 1", "if x:", "    y = 1"]),
        ("    ```python\n    x = 1\n    ```\n", []),
        ("para\n```python\nx = 1\n```\n", ["x = 1"]),
        ("<!--\n```python\nx = 1\n```\n-->\n", []),
        ("<pre>\n```python\nx = 1\n```\n</pre>\n", []),
        ("<div>\n\n```python\nx = 1\n```\n\n</div>\n", ["x = 1"]),
        ("`` ```python\nx = 1\n``\n", []),
        ("> ```python\n> x = 1\n> ```\n", ["x = 1"]),
        ("> ```python\n> x = 1\ny = 2\n", ["x = 1"]),
        ("- a\n\n  ```python\n  x = 1\n  ```\n", ["x = 1"]),
        ("10. a\n    - b\n      > ```python\n      > x = 1\n      >\n      > y = 2\n      > ```\n", ["x = 1", "y = 2"]),
        ("- a\n```python\nx = 1\n```\n", ["x = 1"]),
        ("-\t```python\n\tx = 1\n\t```\n", ["x = 1"]),
        ("***\n```python\nx = 1\n```\n", ["x = 1"]),
        ("```python\n    x = 1\n    y = 2\n```\n", ["x = 1", "y = 2"]),
        ("```python\n\tx = 1\n```\n", ["x = 1"]),
        ("---\ntitle: x\n---\n```python\nx = 1\n```\n", ["x = 1"]),
        ("```{code-cell} python\n:tags: [hide]\n:name: x\n\nx = 1\n```\n", ["x = 1"]),
        ("```{code-cell}\n---\ntags: [hide]\n---\nx = 1\n```\n", ["x = 1"]),
        ("```{python}\n#| echo: false\nx = 1\n```\n", ["#| echo: false", "x = 1"]),
        ("```python\nx = 1\n```\ntext\n```python\nthis is (\n```\n```py\ny = 2\n```\n", ["x = 1", "y = 2"]),
        ("```python\nx = …\n```\n", []),
        ("```python\n- x = 1\n+ x = 2\n```\n", ["- x = 1", "+ x = 2"][:0]),
        ("```python\nx = 1\\\n```\n```python\ny = 2\n```\n", ["y = 2"]),
        ("```python\n'''\n```\n```python\n'''\n```\n", []),
        ("```{python}\n%matplotlib inline\nx = 1\n```\n", ["0", "x = 1"]),
        ("> ```python\n> !ls \\\n>  x\n> %time x = 1\n> ```\n", ["0", "x = 1"]),
        ("```python\n%%bash\nx = 1\n```\n", []),
        ("```python\nreturn x\n```\n```python\nawait x\n```\n", ["return x", "await x"]),
        ("```python\n\ufeffx = 1\n```\n```python\ny = 2\n```\n", ["y = 2"]),
    ],
)
def test_blocks_of_markdown(text: str, lines: list[str]) -> None:
    assert python(text) == lines
    assert python(text.replace("\n", "\r\n")) == lines
    assert python("\ufeff" + text) == lines


def test_lines_keep_their_numbers() -> None:
    text = "# A\n\n> ```python\n> x = 1\n> ```\nend\n\n```py\n\ny = 2\n```\n"
    assert open_document("a.md", text.encode()).source.text == "\n\n\nx = 1\n\n\n\n\n\ny = 2\n\n"


# Sessions


@pytest.mark.parametrize(
    ("block", "lines"),
    [
        (">>> x = 1\n>>> x\n1\n", ["x = 1", "x"]),
        (">>> def f():\n...     return 1\n...\n>>> f()\n1\n", ["def f():", "    return 1", "f()"]),
        ("  >>> x = 1\n  >>> x\n  1\n", ["x = 1", "x"]),
        (">>> 1 +\n>>> y = 2\nTraceback (most recent call last):\n  ...\nZeroDivisionError\n", ["y = 2"]),
        ("In [1]: x = 1\n\nIn [2]: if x:\n   ...:     y = 2\n\nOut[2]: 1\n", ["x = 1", "if x:", "    y = 2"]),
        ("'''\n>>> x\n'''\n", ["'''", ">>> x", "'''"]),
    ],
)
def test_sessions(block: str, lines: list[str]) -> None:
    assert python(f"```pycon\n{block}```\n") == lines
    assert python(f"Text::\n\n.. code-block:: pycon\n\n{textwrap.indent(block, '   ')}\nend\n", "a.rst") == lines


# reStructuredText


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (".. code-block:: python\n\n   x = 1\n\n   if x:\n       y = 2\n\nend\n", ["x = 1", "if x:", "    y = 2"]),
        (".. code:: py\n\n   x = 1\n", ["x = 1"]),
        (".. sourcecode:: Python3\n   :linenos:\n   :caption: a b\n\n   x = 1\n", ["x = 1"]),
        (".. testcode:: group\n\n   x = 1\n", ["x = 1"]),
        (".. code-block:: python\n   x = 1\n", ["x = 1"]),
        (".. code-block:: text\n\n   x = 1\n", []),
        (".. code-block::\n\n   x = 1\n", []),
        ("Text::\n\n    x = 1\n\nend\n", []),
        ("Text::\n\n    .. code-block:: python\n\n       x = 1\n\nend\n", []),
        ("Text::\n\n    >>> x = 1\n    1\n\nend\n", ["x = 1"]),
        ("Text\n\n>>> x = 1\n>>> x\n1\n\nend\n", ["x = 1", "x"]),
        (".. doctest::\n\n   >>> x = 1\n", ["x = 1"]),
        (".. note::\n\n   Text\n\n   .. code-block:: python\n\n      x = 1\n\nend\n", ["x = 1"]),
        ("- .. code-block:: python\n\n     x = 1\n\n- b\n", ["x = 1"]),
        ("#. a\n\n   .. code-block:: python\n\n      x = 1\n", ["x = 1"]),
        ("..\n   .. code-block:: python\n\n      x = 1\n\nend\n", []),
        (".. words\n\n   .. code-block:: python\n\n      x = 1\n\nend\n", []),
        ("..\n\n   .. code-block:: python\n\n      x = 1\n\nend\n", ["x = 1"]),
        (".. _target:\n\n.. code-block:: python\n\n   x = 1\n", ["x = 1"]),
        (".. raw:: html\n\n   .. code-block:: python\n\n      x = 1\n", []),
        (".. code-block:: rst\n\n   .. code-block:: python\n\n      x = 1\n", []),
        (".. code-block:: python\n\n\tx = 1\n\tif x:\n\t\ty = 2\n", ["x = 1", "if x:", "\ty = 2"]),
        (".. code-block:: python\n\n   x = (\n\n.. code-block:: python\n\n   y = 2\n", ["y = 2"]),
    ],
)
def test_blocks_of_rst(text: str, lines: list[str]) -> None:
    assert python(text, "a.rst") == lines
    assert python(text.replace("\n", "\r\n"), "a.rst") == lines


def test_a_long_line_of_spaces_costs_no_more_than_its_length() -> None:
    def cost(spaces: int) -> float:
        text = f".. code-block::{' ' * spaces}python{' ' * spaces}x{' ' * spaces}\n\n   x = 1\n"
        times = []
        for _ in range(5):
            start = time.process_time()
            assert python(text, "a.rst") == ["x = 1"]
            times.append(time.process_time() - start)
        return min(times)

    assert cost(16_000) < 24 * cost(2_000)  # 8 times as much, and 64 times if each space looked at all others


def test_the_lines_of_nested_directives_are_not_gone_through_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[str] = []

    def width(indent: str) -> int:
        measured.append(indent)
        return len(indent)

    monkeypatch.setattr(rst, "_width", width)
    depth = 50
    nested = "".join(f"{'   ' * level}.. note::\n\n" for level in range(depth))
    indent = "   " * depth
    assert python(f"{nested}{indent}.. code-block:: python\n\n{indent}   x = 1\n", "a.rst") == ["x = 1"]
    assert 0 < len(measured) < depth


# Findings and fixes

MARKDOWN = f"# Title\n\n- item\n\n{prefixed('```python', '  ')}{prefixed(BUGGY, '  ')}{prefixed('```', '  ')}\nend é\n"
QUOTED = f"> ```python title=x\n{prefixed(BUGGY, '> ')}> ```\n"
RST = f"Title\n=====\n\n.. code-block:: python\n   :linenos:\n\n{prefixed(BUGGY, '   ')}\n.. _x:\n"
SESSION = "```pycon\n" + BUGGY.replace("\n    ", "\n...     ").replace("def", ">>> def").replace("import", ">>> import")
SESSION = SESSION.replace("\n\n", "\nimported\n\n") + "```\n"


@pytest.mark.parametrize(
    ("path", "text", "line", "columns"),
    [
        ("a.md", MARKDOWN, 10, (16, 7)),
        ("a.markdown", QUOTED, 6, (16, 7)),
        ("a.qmd", QUOTED.replace("python title=x", "{python}"), 6, (16, 7)),
        ("a.Rmd", QUOTED.replace("python title=x", "{python}"), 6, (16, 7)),
        ("a.rst", RST, 11, (17, 8)),
        ("a.md", SESSION, 7, (18, 9)),
    ],
)
class TestPlaces:
    def test_findings_stand_in_the_document(self, path: str, text: str, line: int, columns: tuple[int, int]) -> None:
        one, other = lint_source(text, path)
        assert (one.code, one.span.line, one.span.column) == ("ATN101", line, columns[0])
        assert (other.code, other.span.line, other.span.column) == ("ATN204", line + 1, columns[1])
        document = open_document(path, text.encode())
        assert document.extract(None, one.span) == "q @ k.transpose(-2, -1)"
        assert document.extract(None, one.related[0].span) == "torch.softmax(scores, dim=-1)"
        assert (one.cell, one.file_line) == (None, None)

    def test_fixes_change_the_lines_of_the_block_alone(
        self, path: str, text: str, line: int, columns: tuple[int, int]
    ) -> None:
        for ends in ("\n", "\r\n"):
            before = text.replace("\n", ends)
            result = fixed(before, path)
            after = before.replace("scores.masked", "scores = scores.masked").replace(
                f"transpose(-2, -1){ends}", f"transpose(-2, -1) / q.size(-1) ** 0.5{ends}"
            )
            assert result.data.decode() == after
            assert (len(result.made), result.left, result.refused) == (2, [], [])

    def test_a_comment_in_the_block_silences(self, path: str, text: str, line: int, columns: tuple[int, int]) -> None:
        quiet = text.replace("'-inf'))", "'-inf'))  # attnlint: ignore[ATN204]")
        assert [one.code for one in lint_source(quiet, path)] == ["ATN101"]


def test_a_line_that_goes_takes_its_prefix_along() -> None:
    text = "> ```python\n> # attnlint: ignore-file[ATN204]\n> import softmax\n> ```\n"
    assert fixed(text, "a.md").data.decode() == "> ```python\n> import softmax\n> ```\n"
    last = "- ```python\n  import softmax\n  # attnlint: ignore-file[ATN204]\n  ```\n"
    assert fixed(last, "a.md").data.decode() == "- ```python\n  import softmax\n  ```\n"


def with_edits(text: str, path: str, *edits: Edit) -> Fix:
    """The fix of a finding in the document whose edits, in the joined Python, are these."""
    found = Diagnostic("ATN101", "missing-scale", Severity.ERROR, path, edits[0].span, "", "")
    fix = open_document(path, text.encode()).reported(replace(found, fix=Fix("Mend it", Tier.SAFE, edits))).fix
    assert fix is not None
    return fix


@pytest.mark.parametrize(
    ("edit", "after"),
    [
        (Edit(Span(2, 5, 2, 6), "(1,\n     2)"), "> ```py\n> x = (1,\n>      2)\n> if x:\n>     y = 1\n> ```\n"),
        (Edit(Span(2, 1, 2, 1), "import a\n\n"), "> ```py\n> import a\n>\n> x = 1\n> if x:\n>     y = 1\n> ```\n"),
        (Edit(Span(2, 1, 3, 1), ""), "> ```py\n> if x:\n>     y = 1\n> ```\n"),
        (Edit(Span(2, 1, 5, 1), "z = 2\n"), "> ```py\n> z = 2\n> ```\n"),
        (Edit(Span(3, 6, 4, 10), " y = 2"), "> ```py\n> x = 1\n> if x: y = 2\n> ```\n"),
        (Edit(Span(4, 1, 5, 1), ""), "> ```py\n> x = 1\n> if x:\n> ```\n"),
    ],
)
@pytest.mark.parametrize("prefix", ["> ", "   "])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_edits_of_lines_keep_the_prefix_of_the_block(edit: Edit, after: str, prefix: str, ends: str) -> None:
    text = "> ```py\n> x = 1\n> if x:\n>     y = 1\n> ```\n"
    text, after = (each.replace("> ", prefix).replace(">\n", f"{prefix.rstrip()}\n") for each in (text, after))
    text, after = (each.replace("\n", ends) for each in (text, after))
    document = open_document("a.md", text.encode())
    assert document.edited(with_edits(text, "a.md", edit).edits).decode() == after


def test_in_a_session_new_lines_are_left_to_people() -> None:
    text = "```pycon\n>>> x = f(\n...     1)\n>>> y\n```\n"
    fix = with_edits(text, "a.md", Edit(Span(2, 5, 2, 6), "g"), Edit(Span(3, 5, 3, 6), "1,\n    2"))
    assert (fix.title, fix.tier, fix.edits) == (
        "Mend it (by hand: each new line needs its prompt)",
        Tier.MANUAL,
        (),
    )
    fix = with_edits(text, "a.md", Edit(Span(2, 5, 3, 7), "1"))
    assert open_document("a.md", text.encode()).edited(fix.edits).decode() == "```pycon\n>>> x = 1\n>>> y\n```\n"


def test_what_stands_in_for_a_magic_is_never_edited() -> None:
    fix = with_edits("```{python}\n%cd x\n```\n", "a.qmd", Edit(Span(2, 1, 2, 2), "1"))
    assert (fix.title, fix.edits) == ("Mend it (by hand: the line is no plain Python)", ())


def test_blocks_are_one_module() -> None:
    head = "import torch\ndef scores_of(q, k):\n    return q @ k.transpose(-2, -1)\n"
    tail = "def attend(q, k, v):\n    return torch.softmax(scores_of(q, k), dim=-1) @ v\n"
    (found,) = lint_source(f"```python\n{head}```\nThen:\n```python\n{tail}```\n", "a.md")
    assert (found.code, found.span.line, found.related[0].span.line) == ("ATN101", 4, 9)


@pytest.mark.parametrize(
    "edits",
    [
        (Edit(Span(2, 1, 6, 2), "z"),),
        (Edit(Span(1, 1, 1, 1), "import math\n"),),
        (Edit(Span(2, 1, 4, 1), ""),),
        (Edit(Span(2, 1, 2, 2), "z"), Edit(Span(4, 1, 4, 1), "z")),
    ],
)
def test_a_fix_that_does_not_stay_in_one_block_is_left_to_people(edits: tuple[Edit, ...]) -> None:
    fix = with_edits("```python\nx = 1\n```\n\n```python\ny = 1\n```\n", "a.md", *edits)
    assert (fix.title, fix.edits) == ("Mend it (by hand: it does not stay inside one block)", ())


def test_a_fix_may_edit_several_blocks() -> None:
    text = "```python\nx = 1\n```\n\n- ```python\n  y = 1\n  ```\n"
    fix = with_edits(text, "a.md", Edit(Span(2, 1, 2, 2), "z"), Edit(Span(6, 1, 6, 2), "z"))
    after = open_document("a.md", text.encode()).edited(fix.edits).decode()
    assert after == text.replace("x =", "z =").replace("y =", "z =")


# Files of other kinds


def test_what_no_block_holds_is_not_read() -> None:
    assert lint_source(BUGGY, "a.md") == []
    assert lint_source("no Python (", "a.rst") == []
    assert [one.code for one in lint_source(BUGGY, "a.pyi")] == ["ATN101", "ATN204"]
    with pytest.raises(SourceError):
        lint_source("no Python (", "README")


@pytest.mark.parametrize("path", ["A.MD", "dir.py/a.Markdown", "a.RST"])
def test_the_end_of_the_name_decides_in_any_case(path: str) -> None:
    text = MARKDOWN if path.lower().endswith(("md", "markdown")) else RST
    assert len(lint_source(text, path)) == 2


def test_backslashes_in_a_docstring_beside_magics_cost_no_more_than_their_number() -> None:
    docstring = "    r'''\n    " + "\\" * 3_000 + "\n    '''\n"
    drawn = BUGGY.replace("    scores = q", f"{docstring}    scores = q", 1)
    text = f"```python\n%load_ext autoreload\n{drawn}```\n"
    assert [found.code for found in lint_source(text, "a.md")] == ["ATN101", "ATN204"]


def test_prose_in_an_old_encoding_is_read_and_stays() -> None:
    before = MARKDOWN.replace("end é", "end é\xff").encode("latin-1")
    result = fix_source(before, "a.md", RULES, everything)
    assert len(result.made) == 2
    assert result.data.endswith("end é\xff\n".encode("latin-1"))


def test_every_kind_has_its_suffix() -> None:
    assert {".py", ".pyi", ".ipynb", ".md", ".rst"} <= set(SUFFIXES)
    assert all(open_document(f"a{suffix}", b"").source.text == "" for suffix in SUFFIXES)


@pytest.mark.parametrize("path", ["a.py", "a.md"])
def test_text_that_is_decoded_already_declares_no_encoding(path: str) -> None:
    text = f"# coding: latin-1\n# é\n```python\n{BUGGY}```\n" if path == "a.md" else f"# coding: latin-1\n# é\n{BUGGY}"
    assert open_document(path, text).parts[None][1] == "# é\n"
    assert len(lint_source(text, path)) == 2
    with pytest.raises(SourceError, match="lone surrogate"):
        lint_source(text + "\ud800", path)


def test_the_page_names_every_suffix() -> None:
    page = Path(__file__).parent.parent / "docs" / "documents.md"
    table = [line for line in page.read_text("utf-8").splitlines() if line.startswith("| `*")]
    assert {suffix for line in table for suffix in re.findall(r"`\*(\.\w+)`", line)} == set(SUFFIXES)


def test_prose_without_triggers_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    document = open_document("a.md", b"# No code\n\nBut softmax(x).\n")
    assert not document.may_matter(lambda code: True)
    document = open_document("a.md", b"```python\nx = 1\n```\nBut softmax(x).\n")
    assert not document.may_matter(lambda code: b"softmax" in code)
    assert document.may_matter(lambda code: b"x = 1" in code)
    monkeypatch.setitem(sys.modules, "markdown_it", None)
    assert not open_document("a.md", b"```python\nx = 1\n```\n").may_matter(lambda code: b"softmax" in code)
