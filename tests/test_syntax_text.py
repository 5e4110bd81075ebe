"""Sources: decoding as Python does it, and lines as Python counts them."""

from __future__ import annotations

import ast
import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from attnlint.diagnostics import Span
from attnlint.syntax.text import SourceError, SourceText, split_lines

LINE_ENDS = "\n\r\f\v\x1c\x85\u2028"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"x = 1\r\n", "x = 1\r\n"),
        (b"\xef\xbb\xbfx = '\xc3\xa9'\n", "x = 'é'\n"),
        (b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", "# -*- coding: latin-1 -*-\nx = 'é'\n"),
        (b"#!/usr/bin/python\r# coding: cp1252\rx = '\x80'\r", "#!/usr/bin/python\r# coding: cp1252\rx = '€'\r"),
        (b"", ""),
    ],
)
def test_bytes_are_decoded_as_python_does(data: bytes, text: str) -> None:
    source = SourceText.from_bytes("a.py", data)
    assert (source.path, source.data, source.text) == ("a.py", data, text)
    assert source.text.encode(source.encoding) == data


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"x = 1\n\ny = '\xff'\n", 3, "not valid utf-8"),
        (b"x = '\xff'\n", 1, "not valid utf-8"),
        (b"x = 1\r\ry = 2\ry = '\xff'\n", 4, "not valid utf-8"),
        (b"# coding: klingon\n", 1, "unknown encoding: klingon"),
        (b"# coding: rot13\n", 1, "rot13"),
        (b"# coding: punycode\n#-" + b"a" * 3_000_000, 1, "punycode is no encoding of source code"),
        (b"# coding: -punycode_\n#-" + b"a" * 3_000_000, 1, "-punycode_ is no encoding of source code"),
        (b"\xef\xbb\xbf# coding: latin-1\n", 1, "encoding problem"),
    ],
)
def test_what_cannot_be_decoded_says_where_and_why(data: bytes, line: int, reason: str) -> None:
    with pytest.raises(SourceError) as caught:
        SourceText.from_bytes("a.py", data)
    assert caught.value.line == line
    assert reason in caught.value.reason
    assert "\n" not in str(caught.value)


def test_source_errors_cross_processes() -> None:
    error = pickle.loads(pickle.dumps(SourceError(3, "bad")))
    assert (error.line, error.reason, str(error)) == (3, "bad", "line 3: bad")


def test_text_is_taken_as_it_is() -> None:
    source = SourceText.from_text("cell", "\ufeff# coding: latin-1\nx = 'é'\n")
    assert source.lines == ("# coding: latin-1\n", "x = 'é'\n")
    assert source.text.encode(source.encoding) == source.data
    with pytest.raises(SourceError):
        SourceText.from_text("cell", "x = '\ud800'")


@given(st.text(alphabet="ab \t" + LINE_ENDS))
@example("a\r\n\rb\n\f\n")
def test_lines_end_at_cr_and_lf_alone(text: str) -> None:
    lines = split_lines(text)
    assert "".join(lines) == text
    assert (
        len(lines)
        == len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")) - (not lines or text[-1] in "\r\n")
        or not text
    )
    assert all(line.rstrip("\r\n") or line in ("\n", "\r", "\r\n") for line in lines)


@given(
    st.lists(st.sampled_from(["x = 1", "'''", "\f", "  # \u2028", ""]), max_size=8),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_lines_are_those_that_ast_counts(lines: list[str], end: str) -> None:
    text = "".join(line + end for line in [*lines, "last"])
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return
    last = tree.body[-1]
    assert SourceText.from_text("a.py", text).lines[last.lineno - 1].startswith(("last", "'''"))


def test_slices_and_spans() -> None:
    source = SourceText.from_text("a.py", "a = '😀'; b\r\n\f\nsecond\u2028line\rlast")
    assert source.slice(1, 2) == "a = '😀'; b\r\n\f\n"
    assert source.slice(4, 9) == "last"
    assert source.extract(Span(1, 10, 1, 11)) == "b"
    assert source.extract(Span(1, 10, 3, 7)) == "b\r\n\f\nsecond"
    assert source.extract(Span(3, 7, 3, 7)) == ""
    assert source.extract(Span(4, 1, 5, 1)) == "last"
    assert source.extract(Span(9, 1, 9, 5)) == ""


@given(st.text(alphabet="ab😀\r\n\f"), st.data())
def test_a_span_extracts_the_text_between_two_offsets(text: str, data: st.DataObject) -> None:
    source = SourceText.from_text("a.py", text)
    places = [(n, c) for n, line in enumerate(source.lines, 1) for c in range(1, len(line) + 1)]
    if not places:
        return
    start = data.draw(st.integers(0, len(places) - 1))
    end = data.draw(st.integers(start, len(places) - 1))
    assert source.extract(Span(*places[start], *places[end])) == text[start:end]
