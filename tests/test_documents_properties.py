"""What holds of every document: places go there and back, fixes are those of the Python alone, all else stays."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_documents import BUGGY, FIXED, RULES, everything

from attnlint import Diagnostic, Edit, Severity, Span, lint_source
from attnlint.diagnostics import Fix, Tier
from attnlint.documents import open_document
from attnlint.documents.base import Document
from attnlint.fixes import fix_source
from attnlint.syntax.edits import edited
from attnlint.syntax.text import SourceError, SourceText, split_lines

# Python that is found, and Python that is not

NAMES = st.sampled_from(["x", "scores", "é", "名"])
LINES = st.sampled_from(
    [
        "{0} = 1",
        "if {0}:\n    {1} = 2\nelse:\n    pass",
        "def {0}(a):\n    '''text\n  {1}\n    '''\n    return (a,\n        1)",
        "{0} = '\\\\ \" \t 🙂'",
        "# {0}",
        "",
        "{0} = [\n\n    {1},\n]",
        "class {0}:\n\n    {1} = 1",
    ]
)


@st.composite
def snippets(draw: st.DrawFn) -> str:
    """Python that parses and has a line that is not blank."""
    lines = draw(st.lists(st.builds(str.format, LINES, NAMES, NAMES), min_size=1, max_size=4))
    return "\n".join([*lines, "end = 0"]) + "\n"


BROKEN = st.sampled_from(["x = (\n", "def f(:\n", "'''\n", "- a\n+ b\n", "x = …\n", "x = 1 \\\n"])
CODE = st.one_of(snippets(), BROKEN)
PROSE = st.text(st.sampled_from("ab #*>-1.|`\t\\"), max_size=12).filter(lambda text: "```" not in text)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@dataclass(frozen=True)
class Built:
    """A document, the Python of it that parses, and which kind it is."""

    path: str
    data: bytes
    code: list[str]


def understood(blocks: list[str]) -> list[str]:
    good = []
    for block in blocks:
        try:
            ast.parse(block)
        except SyntaxError:
            continue
        good.append(block)
    return good


PREFIXES = st.sampled_from(["", "  ", "> ", "> > ", "   "])


def put_behind(prefix: str, text: str) -> str:
    return "".join(f"{prefix}{line}" if line.strip() or ">" in prefix else line for line in split_lines(text))


@st.composite
def markdown(draw: st.DrawFn, code: st.SearchStrategy[str] = CODE) -> Built:
    """Blocks of Python between paragraphs, behind indents and marks of quotations."""
    text: list[str] = []
    blocks: list[str] = []
    for block in draw(st.lists(code, max_size=4)):
        fence, prefix = draw(st.sampled_from(["```", "~~~~", "`````"])), draw(PREFIXES)
        language = draw(st.sampled_from(["python", "py", "{python}"]))
        text.append(draw(PROSE) + "\n\nend of it\n\n")
        text.append(put_behind(prefix, f"{fence}{language}\n{block}{fence}\n") + "\n<!-- -->\n\n")
        blocks.append(block)
    whole = "".join(text).replace("\n", draw(ENDS))
    return Built("a.md", whole.encode(draw(st.sampled_from(["utf-8", "utf-8-sig"]))), blocks)


@st.composite
def rst(draw: st.DrawFn, code: st.SearchStrategy[str] = CODE) -> Built:
    """Blocks of Python in directives of all depths."""
    text: list[str] = []
    blocks: list[str] = []
    for block in draw(st.lists(code, max_size=4)):
        indent, inner = draw(st.sampled_from(["", "   "])), draw(st.sampled_from(["   ", "    ", "\t"]))
        head = draw(st.sampled_from([".. code-block:: python\n   :linenos:\n\n", ".. testcode::\n\n"]))
        text.append(("Words.\n\n.. note::\n\n" if indent else "Words.\n\n") + put_behind(indent, head))
        text.append(put_behind(indent + inner, block) + "\nMore.\n\n")
        blocks.append(block)
    return Built("a.rst", "".join(text).replace("\n", draw(ENDS)).encode(), blocks)


@st.composite
def notebooks(draw: st.DrawFn, code: st.SearchStrategy[str] = CODE) -> Built:
    """Cells of Python between cells of prose, as lists of lines and as one string, in all styles of JSON."""
    cells: list[dict[str, Any]] = []
    blocks = draw(st.lists(code, max_size=4))
    for block in blocks:
        text = block.rstrip("\n") if draw(st.booleans()) else block
        source = list(split_lines(text)) if draw(st.booleans()) else text
        cells += [{"cell_type": "markdown", "source": draw(PROSE)}] * draw(st.integers(0, 2))
        cells.append({"cell_type": "code", "metadata": {"é": draw(PROSE)}, "outputs": [draw(PROSE)], "source": source})
    content = {"metadata": {}, "cells": cells, "nbformat": 4}
    style: dict[str, Any] = draw(
        st.sampled_from([{"indent": 1}, {"indent": None}, {"indent": "\t", "separators": (" ,", " : ")}])
    )
    text = json.dumps(content, ensure_ascii=draw(st.booleans()), **style)
    return Built(
        "a.ipynb", text.replace("\n", draw(ENDS)).encode(draw(st.sampled_from(["utf-8", "utf-8-sig"]))), blocks
    )


DOCUMENTS = st.one_of(markdown(), rst(), notebooks())


def opened(built: Built) -> Document:
    return open_document(built.path, built.data)


def statements(text: str) -> str:
    return ast.dump(ast.parse(text))


@given(DOCUMENTS)
def test_the_python_of_a_document_is_that_of_its_blocks(built: Built) -> None:
    found, parts = opened(built).source.text, understood(built.code)
    assert statements(found) == statements("\n".join(parts))
    assert opened(built).pieces == len([part for part in built.code if part in parts])


def diagnostic(span: Span, *edits: Edit) -> Diagnostic:
    fix = Fix("mend", Tier.SAFE, edits)
    return Diagnostic("ATN101", "missing-scale", Severity.ERROR, "a", span, "", "", fix)


def values(source: SourceText) -> list[Span]:
    """The places of all names that are read, and of all numbers and strings, that stand on one line."""
    rows = [row.encode() for row in source.lines]
    spans = []
    for node in ast.walk(ast.parse(source.text)):
        is_value = isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
        if is_value and node.lineno == node.end_lineno:  # type: ignore[attr-defined]
            line = node.lineno  # type: ignore[attr-defined]
            ends = (node.col_offset, node.end_col_offset)  # type: ignore[attr-defined]
            start, end = (len(rows[line - 1][:offset].decode()) for offset in ends)
            spans.append(Span(line, start + 1, line, end + 1))
    return spans


@given(DOCUMENTS)
def test_places_hold_the_same_text_there_and_here(built: Built) -> None:
    document = opened(built)
    for span in values(document.source):
        there = document.reported(diagnostic(span))
        assert document.extract(there.cell, there.span) == document.source.extract(span)


@given(DOCUMENTS, st.data())
def test_an_edit_in_the_document_is_the_edit_in_its_python(built: Built, data: st.DataObject) -> None:
    document = opened(built)
    spans = values(document.source)
    if not spans:
        return
    span = data.draw(st.sampled_from(spans))
    new = data.draw(st.sampled_from(["(1)", "f(a, 'é\\\\\"')", "(\n1,\n  'x')"]))
    edit = Edit(span, new)
    there = document.reported(diagnostic(span, edit))
    assert there.fix is not None
    after = open_document(built.path, document.edited(there.fix.edits))
    expected = edited(document.source, [edit]).decode(document.source.encoding)
    assert statements(after.source.text) == statements(expected.replace("\r\n", "\n").replace("\r", "\n"))


@given(DOCUMENTS, st.data())
def test_edits_between_pieces_are_left_to_people(built: Built, data: st.DataObject) -> None:
    document = opened(built)
    if document.pieces < 2:
        return
    last = len(document.source.lines)
    there = document.reported(diagnostic(Span(1, 1, 1, 1), Edit(Span(1, 1, last + 1, 1), "x = 1\n")))
    assert there.fix is not None
    assert (there.fix.edits, there.fix.tier) == ((), Tier.MANUAL)
    assert "by hand" in there.fix.title


# Fixes


def in_chinese(code: str) -> str:
    return re.sub(r"\bmask\b", "屏", code)


SOME = st.sampled_from([BUGGY, "x = 1\n", "x = (\n", in_chinese(BUGGY)])


@pytest.mark.parametrize("build", [markdown, rst, notebooks])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_fixed_document_holds_its_blocks_fixed(build: Any, data: st.DataObject) -> None:
    built: Built = data.draw(build(SOME))
    result = fix_source(built.data, built.path, RULES, everything)
    buggy = sum("import torch" in block for block in built.code)
    assert (len(result.made), result.left) == (2 * buggy, [])
    after = {BUGGY: FIXED, in_chinese(BUGGY): in_chinese(FIXED)}
    fixed = open_document(built.path, result.data).source.text
    assert statements(fixed) == statements("\n".join(after.get(block, block) for block in understood(built.code)))


@settings(max_examples=40, deadline=None)
@given(notebooks(SOME))
def test_nothing_but_strings_of_cells_changes(built: Built) -> None:
    after = fix_source(built.data, built.path, RULES, everything).data
    old, new = (json.loads(data.decode("utf-8-sig")) for data in (built.data, after))
    for one, other in zip(old["cells"], new["cells"], strict=True):
        if one["cell_type"] == "code":
            before, behind = one.pop("source"), other.pop("source")
            assert type(before) is type(behind)
            if isinstance(before, list):
                assert len(before) == len(behind)
        assert one == other
    assert {**old, "cells": 0} == {**new, "cells": 0}
    assert len(split_lines(built.data.decode())) == len(split_lines(after.decode()))


@settings(max_examples=40, deadline=None)
@given(st.one_of(markdown(SOME), rst(SOME)))
def test_nothing_but_lines_of_blocks_changes(built: Built) -> None:
    after = fix_source(built.data, built.path, RULES, everything).data
    lines = [split_lines(data.decode()) for data in (built.data, after)]
    touched = [one for one, other in zip(*lines, strict=True) if one != other]
    assert all("transpose(-2, -1)" in line or "masked_fill" in line for line in touched)
    assert len(touched) == 2 * sum("import torch" in block for block in built.code)


@given(
    st.sampled_from(["a.md", "a.rst", "a.ipynb", "a.qmd"]), st.text(), st.sampled_from(["```py\n", ">>> ", "{", "::\n"])
)
def test_any_text_is_read_or_told(path: str, text: str, before: str) -> None:
    data = f"{before}{text}\nsoftmax = 1".encode("utf-8", "replace")
    if path == "a.ipynb":
        with pytest.raises(SourceError, match="JSON"):
            lint_source(data, path)
    else:
        assert lint_source(data, path) == []
