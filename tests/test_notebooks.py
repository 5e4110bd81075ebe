"""Notebooks: which cells are Python, what of IPython is understood, and what a fix changes in the JSON."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest
from test_documents import BUGGY, FIXED, RULES, everything

from attnlint import lint_source
from attnlint.documents import open_document
from attnlint.fixes import Fixed, fix_source
from attnlint.fixes.diff import diff
from attnlint.syntax.text import SourceError

Source = str | list[str]


def cell(source: Source, kind: str = "code", **more: Any) -> dict[str, Any]:
    code = {"execution_count": 7, "outputs": [{"text": ["é \x1b[0m\n"]}]} if kind == "code" else {}
    return {"cell_type": kind, "id": "a1", "metadata": {"tags": ["x"]}, **code, "source": source, **more}


def notebook(*cells: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def written(content: object, indent: int | None = 1, ascii: bool = False) -> bytes:
    return (json.dumps(content, indent=indent, ensure_ascii=ascii) + "\n").encode()


def python(*cells: dict[str, Any], **metadata: Any) -> list[str]:
    """The lines of Python in a notebook that are not blank."""
    source = open_document("a.ipynb", written(notebook(*cells, **metadata))).source
    return [line.rstrip("\r\n") for line in source.lines if line.strip()]


def fixed(data: bytes) -> Fixed:
    return fix_source(data, "a.ipynb", RULES, everything)


# What is Python


def test_cells_of_code_are_joined() -> None:
    assert python(cell("x = 1"), cell("x = 2", "markdown"), cell(["y = 2\n", "z = 3"])) == ["x = 1", "y = 2", "z = 3"]


@pytest.mark.parametrize(
    ("metadata", "is_python"),
    [
        ({}, True),
        ({"kernelspec": {"language": "python", "name": "x"}}, True),
        ({"kernelspec": {"language": "R"}}, False),
        ({"language_info": {"name": "julia"}}, False),
        ({"language_info": {"name": "python"}, "kernelspec": {"name": "conda"}}, True),
        ({"kernelspec": "odd", "language_info": []}, True),
    ],
)
def test_the_kernel_says_the_language(metadata: dict[str, Any], is_python: bool) -> None:
    assert python(cell("x = 1"), **metadata) == ["x = 1"] * is_python


def test_a_cell_can_say_another_language() -> None:
    sql = cell("x = 1", metadata={"vscode": {"languageId": "sql"}})
    assert python(sql, cell("y = 2", metadata={"vscode": {"languageId": "python"}})) == ["y = 2"]


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["%matplotlib inline", "x = 1"], ["0", "x = 1"]),
        (["!pip install \\", "  torch", "x = 1"], ["0", "x = 1"]),
        (["pip install torch", "x = 1"], ["0", "x = 1"]),
        (["files = !ls -l", "t = %timeit -o f()"], ["files = _", "t = _"]),
        (["a, b = %sx ls", "self.x['y'] = !ls"], ["a, b = _", "self.x['y'] = _"]),
        (["x?", "?x", "x.y??", "??x", "%time?", "np.*load*?"], ["0"] * 6),
        (["%time y = f(x)", "%timeit -n 10 -r 3 f(x)"], ["y = f(x)", "f(x)"]),
        (["%time y = f(", "    x)"], ["y = f(", "    x)"]),
        (["if x:", "    %time y = f(x)", "    !ls"], ["if x:", "    y = f(x)", "    0"]),
        (["%%time", "x = 1"], ["x = 1"]),
        (["", "%%capture out", "x = 1", "!ls"], ["x = 1", "0"]),
        (["%%bash", "ls"], []),
        (["%%writefile a.py", "x = 1"], []),
        (["%%html", "<b>"], []),
        (["s = '''", "%x", "!y", "'''", "%cd .."], ["s = '''", "%x", "!y", "'''", "0"]),
        (["x = (5", "%y", ")", "!ls"], ["x = (5", "%y", ")", "0"]),
        (["x = 5 \\", "%y", "!ls"], ["x = 5 \\", "%y", "0"]),
        (["x = 'it''s' # (", "!ls"], ["x = 'it''s' # (", "0"]),
        (["await f(x)", "!ls"], ["await f(x)", "0"]),
        (["async with x:", "    pass"], ["async with x:", "    pass"]),
        (["x = (", "!ls"], []),
        (["def f(:"], []),
    ],
)
def test_what_ipython_understands(lines: list[str], code: list[str]) -> None:
    assert python(cell("\n".join(lines))) == code
    assert python(cell("y = 'beside'"), cell("\n".join(lines))) == ["y = 'beside'", *code]
    ast.parse("\n".join(code))


@pytest.mark.parametrize("source", ["x = '\ud800'", "\ufeffx = 1", "x = \x00", 5, None, [1], {"a": "b"}, ["x", 1]])
def test_odd_cells_hide_no_others(source: Any) -> None:
    content = notebook(cell(source), cell("y = 2"))
    data = json.dumps(content).encode()
    assert open_document("a.ipynb", data).source.text.split() == ["y", "=", "2"]


@pytest.mark.parametrize("cells", [{}, None, [5, None, "x"], [{}], [{"cell_type": "code"}]])
def test_odd_lists_of_cells_hold_nothing(cells: Any) -> None:
    assert open_document("a.ipynb", written({"cells": cells})).source.text == ""


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b'{"cells": [\n1,,\n]}', 2, "not valid JSON: Expecting value"),
        (b"version https://git-lfs.github.com/spec/v1\n", 1, "not valid JSON"),
        (b'{"cells": [', 1, "not valid JSON"),
        (b"[]", None, "no cells"),
        (b'{"a": 1}', None, "no cells"),
        (b'{"cells":\n "\xff"}', 2, "UTF-8"),
        (b"[" * 200_000, None, "too deeply"),
        (b'{"cells": [' + b"1" * 5000 + b"]}", None, "cannot be read: Exceeds the limit"),
    ],
)
def test_what_is_no_notebook_is_told(data: bytes, line: int | None, reason: str) -> None:
    for rules in (RULES, []):
        with pytest.raises(SourceError, match=reason) as raised:
            lint_source(data, "a.ipynb", rules)
        assert raised.value.line == line


def test_an_empty_file_is_an_empty_notebook() -> None:
    assert lint_source(b" \n", "a.ipynb") == []


# Findings


def test_places_count_lines_of_the_cell_and_cells_of_prose() -> None:
    data = written(notebook(cell("# Title", "markdown"), cell("!pip install torch\n" + BUGGY), cell("x = 1")))
    one, other = lint_source(data, "a.ipynb")
    assert [(d.code, d.cell, d.span.line, d.span.column) for d in (one, other)] == [
        ("ATN101", 2, 6, 14),
        ("ATN204", 2, 7, 5),
    ]
    assert (one.related[0].cell, one.related[0].span.line) == (2, 8)
    document = open_document("a.ipynb", data)
    assert document.extract(2, one.span) == "q @ k.transpose(-2, -1)"


def test_the_line_of_the_file_is_that_of_the_string() -> None:
    lines = written(notebook(cell("text"), cell(BUGGY.splitlines(keepends=True))))
    for found in lint_source(lines, "a.ipynb"):
        assert found.file_line is not None
        assert BUGGY.splitlines()[found.span.line - 1].strip()[:8] in lines.decode().splitlines()[found.file_line - 1]
    whole = written(notebook(cell(BUGGY)))
    assert {
        '"source": "import torch' in whole.decode().splitlines()[(d.file_line or 0) - 1] for d in found_in(whole)
    } == {True}
    assert {d.file_line for d in found_in(written(notebook(cell(BUGGY)), indent=None))} == {1}


def found_in(data: bytes) -> list[Any]:
    return lint_source(data, "a.ipynb")


PROJECTED = """\
from torch import nn


class A(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads, self.head_dim = heads, dim // heads
        self.qkv = nn.Linear(dim, 3 * dim)

    def split(self, x):
        B, T, C = x.shape
        return self.qkv(x).view(B, T, 3, self.heads, self.head_dim).permute(2, 0, 3, 1, 4).unbind(0)

    def scores(self, q, k):
        return q @ k.transpose(-2, -1)
"""
FORWARD = """
    def forward(self, x):
        q, k, v = self.split(x)
        return (self.scores(q, k).softmax(dim=-1) @ v).transpose(1, 2).reshape(x.shape)
"""


def test_a_class_that_is_defined_again_is_read_each_time() -> None:
    one = PROJECTED + FORWARD
    right = one.replace("-1)\n", "-1) / self.head_dim ** 0.5\n", 1)
    assert found_in(written(notebook(cell(right)))) == []
    for cells, expected in [((one, right), [1]), ((right, one), [2]), ((one, one, one), [1, 2, 3])]:
        found = found_in(written(notebook(*map(cell, cells))))
        assert [(d.code, d.cell) for d in found] == [("ATN101", number) for number in expected]


def test_a_class_that_extends_itself_keeps_what_it_had() -> None:
    more = "class A(A):" + FORWARD
    (found,) = found_in(written(notebook(cell(PROJECTED), cell(more))))
    assert (found.code, found.cell, found.related[-1].cell) == ("ATN101", 1, 2)


def test_a_function_of_ones_own_takes_the_place_of_an_import() -> None:
    imported = cell("from torch import nn\nfrom torch.nn.functional import scaled_dot_product_attention")
    own = cell("def scaled_dot_product_attention(q, k, v, dropout_p):\n    return q")
    use = cell(DROPOUT)
    assert [d.code for d in found_in(written(notebook(imported, use)))] == ["ATN402"]
    assert [d.code for d in found_in(written(notebook(own, imported, use)))] == ["ATN402"]
    assert found_in(written(notebook(imported, own, use))) == []


DROPOUT = """\
class A(nn.Module):
    def __init__(self, p=0.1):
        super().__init__()
        self.p = p

    def forward(self, q, k, v):
        return scaled_dot_product_attention(q, k, v, dropout_p=self.p)
"""


def test_comments_silence_in_cells_and_files() -> None:
    line = BUGGY.replace("'-inf'))", "'-inf'))  # attnlint: ignore[ATN204]")
    assert [d.code for d in found_in(written(notebook(cell(line))))] == ["ATN101"]
    about = cell("# attnlint: ignore-file[ATN101]")
    assert [d.code for d in found_in(written(notebook(cell(line), about)))] == []
    (unused,) = found_in(written(notebook(cell("import softmax"), about)))
    assert (unused.code, unused.cell, unused.span.line) == ("ATN001", 2, 1)


def test_triggers_are_found_behind_escapes() -> None:
    data = written(notebook(cell("import torch\ntorch.softmax(x, dim=-1)"))).replace(
        b"softmax(", b"\\u0073oftmax\\u0028"
    )
    document = open_document("a.ipynb", data)
    assert document.may_matter(lambda code: b"\ntorch.softmax(x" in code)


# Fixes

STYLES = {
    "usual": {"indent": 1, "ascii": False},
    "escaped": {"indent": 1, "ascii": True},
    "one line": {"indent": None, "ascii": False},
    "wide": {"indent": 4, "ascii": False},
}


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize("as_list", [True, False])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_only_the_strings_of_the_cell_change(style: dict[str, Any], as_list: bool, ends: bytes) -> None:
    def content(code: str) -> dict[str, Any]:
        code = f'# é 🙂 \\ "\t\n{code}'.rstrip("\n")
        source: Source = code.splitlines(keepends=True) if as_list else code
        return notebook(cell("ü", "markdown"), cell("%cd x\nx = 'é'"), cell(source), cell("z(", outputs=[]))

    before, after = (written(content(code), **style).replace(b"\n", ends) for code in (BUGGY, FIXED))
    result = fixed(before)
    assert result.data == after
    assert (len(result.made), result.left, {d.cell for d in result.made}) == (2, [], {3})


def test_escapes_and_marks_stay_as_they_were_written() -> None:
    text = written(notebook(cell(BUGGY + "x = '/é'")), ascii=False).decode()
    odd = "\ufeff" + text.replace("/", "\\/").replace("import", "\\u0069mport").replace("'-inf'", "\\u0027-inf'")
    result = fixed(odd.encode())
    after = odd.replace("    scores.masked", "    scores = scores.masked").replace(
        "transpose(-2, -1)", "transpose(-2, -1) / q.size(-1) ** 0.5"
    )
    assert result.data.decode() == after


def test_version_3() -> None:
    old = {"cell_type": "code", "language": "python", "input": BUGGY.splitlines(keepends=True), "outputs": []}
    ruby = {**old, "language": "ruby"}
    sheets = [{"cells": [{"cell_type": "markdown", "source": "x"}]}, {"cells": [ruby, old]}]
    data = written({"worksheets": sheets, "nbformat": 3, "metadata": {"name": ""}})
    result = fixed(data)
    assert [d.cell for d in result.found] == [3, 3]
    old["input"] = FIXED.splitlines(keepends=True)
    assert result.data == written({"worksheets": sheets, "nbformat": 3, "metadata": {"name": ""}})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["# attnlint: ignore-file[ATN204]\n", "softmax = 1"], ["softmax = 1"]),
        (["softmax = 1\n", "# attnlint: ignore-file[ATN204]\n", "x = 2"], ["softmax = 1\n", "x = 2"]),
        (["softmax = 1\n", "# attnlint: ignore-file[ATN204]"], ["softmax = 1\n"]),
        (["# attnlint: ignore-file[ATN204]"], []),
        ("softmax = 1\n# attnlint: ignore-file[ATN204]\nx = 2", "softmax = 1\nx = 2"),
        ("# attnlint: ignore-file[ATN204]", ""),
        (["softmax = 1\n# attnlint: ignore-file[ATN204]\nx = 2"], ["softmax = 1\nx = 2"]),
    ],
)
def test_lines_that_go(before: Source, after: Source) -> None:
    data = written(notebook(cell("x = 1"), cell(before), cell("y = 2")))
    assert json.loads(fixed(data).data) == notebook(cell("x = 1"), cell(after), cell("y = 2"))


def test_of_members_with_one_name_the_last_counts() -> None:
    data = written(notebook(cell(BUGGY))).replace(b'"source": ', b'"source": "scores = 1",\n   "source": ')
    old, new = (json.dumps(code)[1:-1].encode() for code in (BUGGY, FIXED))
    assert fixed(data).data == data.replace(old, new)


def test_a_diff_goes_cell_by_cell() -> None:
    data = written(notebook(cell(BUGGY), cell("x = 1"), cell(BUGGY.replace("def attend", "def other").rstrip("\n"))))
    lines = list(diff("a.ipynb", fixed(data)))
    assert [line for line in lines if line.startswith("+++")] == ["+++ a.ipynb:cell 1\n", "+++ a.ipynb:cell 3\n"]
    assert lines[-2:] == ["     return torch.softmax(scores, dim=-1) @ v\n", "\\ No newline at end of file\n"]


def test_magic_lines_are_never_edited() -> None:
    source = "%matplotlib inline  # attnlint: ignore-file[ATN204]\nsoftmax = 1"
    data = written(notebook(cell(source)))
    assert fixed(data).data == data


# Many cells


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many characters of JSON are decoded, one number for each value that is."""
    counted: list[int] = []

    class Counting(json.JSONDecoder):
        def raw_decode(self, s: str, idx: int = 0) -> tuple[Any, int]:
            value, end = super().raw_decode(s, idx)
            counted.append(end - idx)
            return value, end

    monkeypatch.setattr("attnlint.documents.json_text._DECODER", Counting())
    return counted


def test_the_json_is_not_gone_through_again_for_each_cell(decoded: list[int]) -> None:
    text = written(notebook(*[cell(BUGGY.splitlines(keepends=True))] * 12)).decode()
    found = lint_source(text, "a.ipynb")
    assert {each.cell for each in found} == set(range(1, 13))
    assert 0 < sum(decoded) < 8 * len(text)


def test_a_cell_is_split_into_lines_once(monkeypatch: pytest.MonkeyPatch) -> None:
    split: list[str] = []

    def counting(text: str) -> tuple[str, ...]:
        split.append(text)
        return tuple(text.splitlines(keepends=True))

    monkeypatch.setattr("attnlint.documents.notebook.split_lines", counting)
    document = open_document("a.ipynb", written(notebook(cell(BUGGY), cell("x = 1"))))
    for number in (1, 2, 1, 2):
        assert document.parts[number]
    assert sorted(split) == sorted([BUGGY, "x = 1"])
    found = lint_source(written(notebook(cell(BUGGY))).decode(), "a.ipynb")
    assert len(found) > 1
    assert split.count(BUGGY) == 2
