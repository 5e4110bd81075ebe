"""Jupyter notebooks, of version 4 of their format and 3: their cells of Python, one behind the other.

Cells are counted from 1, those of prose too, as Jupyter's own tools and other linters count them. What is read comes
from ``json``; the text of the file is looked at again only for findings and edits.
"""

from __future__ import annotations

import codecs
import json
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import Any

from attnlint.diagnostics import Diagnostic, Edit, Span
from attnlint.documents.base import Matters
from attnlint.documents.joined import JoinedDocument
from attnlint.documents.json_text import Change, Places, Strings, writes_ascii
from attnlint.documents.magics import without_magics
from attnlint.documents.pieces import Code, Piece, Row, Rows, shared_beginning
from attnlint.syntax.edits import with_line_ends
from attnlint.syntax.stack import on_big_stack
from attnlint.syntax.text import SourceError, SourceText, line_number, split_lines

_PYTHON = frozenset({"ipython", "python", "python2", "python3"})
_LINE_END = re.compile("\n")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_MOST_VALUES = 2_000_000
"""Values in the JSON of a notebook that is read; each takes up to some hundred bytes."""


@dataclass(frozen=True)
class _Cell:
    """A cell of code: its number, where in the JSON its text is, and the text."""

    number: int
    path: tuple[str | int, ...]
    text: str

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """Its lines with their ends."""
        return split_lines(self.text)

    @cached_property
    def starts(self) -> Sequence[int]:
        """The offset in the text at which each line begins, and that of the end."""
        return [0, *accumulate(map(len, self.lines))]


def document(path: str, content: bytes | str) -> Notebook:
    """A notebook."""
    return Notebook(path, content)


class Notebook(JoinedDocument):
    """One notebook. A cell that does not parse is left out: it may be unfinished."""

    def may_matter(self, matters: Matters) -> bool:
        """Whether the cells of code may matter."""
        code = "\n".join(cell.text for cell in self._cells)
        return matters(code.encode("utf-8", "replace"))

    def check(self) -> None:
        """Raise `SourceError` for what is no notebook; a cell that is no Python is no error."""
        _ = self._cells

    @cached_property
    def source(self) -> SourceText:
        """The cells that parse, a blank line behind each."""
        text = "".join(f"{piece.text}\n" for _, piece in self._pieces)
        ends = accumulate((len(piece.lines) + 1 for _, piece in self._pieces), initial=1)
        return SourceText.from_text(self.path, text, tuple(ends)[:-1])

    @property
    def pieces(self) -> int:
        """How many cells parse."""
        return len(self._pieces)

    def reported(self, found: Diagnostic) -> Diagnostic:
        """The finding with its cell, lines counted from the beginning of the cell, and those of the file."""
        placed = super().reported(found)
        related = tuple(replace(one, file_line=self._file_line(one.cell, one.span)) for one in placed.related)
        return replace(placed, file_line=self._file_line(placed.cell, placed.span), related=related)

    def _file_line(self, number: int | None, span: Span) -> int:
        cell = self._by_number[number]
        start = cell.starts[min(span.line, len(cell.starts)) - 1] + span.column - 1
        return bisect_left(self._line_ends, self._strings(cell).place_of(start)) + 1

    @cached_property
    def _by_number(self) -> Mapping[int | None, _Cell]:
        return {cell.number: cell for cell in self._cells}

    @cached_property
    def _line_ends(self) -> Sequence[int]:
        """Where in the file each line ends."""
        return [found.start() for found in _LINE_END.finditer(self._text)]

    @cached_property
    def parts(self) -> Mapping[int | None, Sequence[str]]:
        """The lines of each cell of code."""
        return {cell.number: cell.lines for cell in self._cells}

    def edited(self, edits: Iterable[Edit]) -> bytes:
        """The bytes with nothing changed but strings of the cells that are edited."""
        changes: dict[int | None, list[Change]] = defaultdict(list)
        for edit in set(edits):
            changes[edit.cell].append(_change(edit, self._by_number[edit.cell]))
        written = [(self._strings(self._by_number[number]), changes[number]) for number in changes]
        text, end = [], 0
        for strings, changed in sorted(written, key=lambda each: each[0].start):
            text += [self._text[end : strings.start], strings.changed(changed)]
            end = strings.end
        return self._bom + "".join([*text, self._text[end:]]).encode()

    def _strings(self, cell: _Cell) -> Strings:
        if cell.number not in self._known_strings:
            self._known_strings[cell.number] = Strings(self._text, self._places.of(cell.path), self._writes_ascii)
        return self._known_strings[cell.number]

    @cached_property
    def _known_strings(self) -> dict[int, Strings]:
        return {}

    @cached_property
    def _places(self) -> Places:
        return Places(self._text)

    @cached_property
    def _writes_ascii(self) -> bool:
        return writes_ascii(self._text)

    @cached_property
    def _bom(self) -> bytes:
        return codecs.BOM_UTF8 if self.data.startswith(codecs.BOM_UTF8) else b""

    @cached_property
    def _text(self) -> str:
        try:
            return self.data[len(self._bom) :].decode()
        except UnicodeDecodeError as error:
            line = line_number(error.object[: error.start].decode("latin-1"))
            raise SourceError(line, f"a notebook has to be UTF-8: {error.reason}") from None

    @cached_property
    def _cells(self) -> Sequence[_Cell]:
        if not self._text.strip():
            return ()  # as editors make them
        values = self._text.count(",")
        if values > _MOST_VALUES and (values := _STRING.sub("", self._text).count(",")) > _MOST_VALUES:
            raise SourceError(None, f"not analysed: {values:,} values of JSON, and at most {_MOST_VALUES:,} are read")
        try:
            content = json.loads(self._text)
        except json.JSONDecodeError as error:
            raise SourceError(error.lineno, f"the notebook is not valid JSON: {error.msg}") from None
        except RecursionError:
            raise SourceError(None, "the notebook's JSON is nested too deeply") from None
        except ValueError as error:  # a number of too many digits
            raise SourceError(None, f"the notebook's JSON cannot be read: {error}") from None
        if not isinstance(content, dict) or not ("cells" in content or "worksheets" in content):
            raise SourceError(None, "is JSON, but no notebook: it has no cells")
        return list(_code_cells(content)) if _is_python(_member(content, "metadata")) else ()

    @cached_property
    def _pieces(self) -> Sequence[tuple[_Cell, Piece]]:
        understood = on_big_stack(lambda: [(cell, _understood(cell)) for cell in self._cells])
        return [(cell, piece) for cell, piece in understood if piece is not None]

    @cached_property
    def rows(self) -> Rows:
        """The lines of the cells."""
        rows: list[Row] = []
        for index, (cell, piece) in enumerate(self._pieces):
            rows += [Row(cell.number, number, index, code) for number, code in enumerate(piece.lines, 1)]
            rows.append(Row(cell.number, len(piece.lines) + 1))
        return Rows(rows, "cell")


def _code_cells(content: dict[str, Any]) -> Iterator[_Cell]:
    """The cells of code whose text can be told."""
    for number, (path, cell) in enumerate(_all_cells(content), 1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code" or not _says_python(cell):
            continue
        key = "source" if "source" in cell else "input"
        text = cell.get(key)
        if isinstance(text, list) and all(isinstance(line, str) for line in text):
            text = "".join(text)
        if isinstance(text, str):
            yield _Cell(number, (*path, key), text)


def _all_cells(content: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """Every cell, of prose too, and where it stands; worksheets are of version 3."""
    sheets: list[tuple[tuple[str | int, ...], object]] = [(("cells",), content.get("cells"))]
    worksheets = content.get("worksheets")
    if "cells" not in content and isinstance(worksheets, list):
        sheets = [(("worksheets", n, "cells"), _member(sheet, "cells")) for n, sheet in enumerate(worksheets)]
    for path, cells in sheets:
        for number, cell in enumerate(cells if isinstance(cells, list) else ()):
            yield (*path, number), cell


def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


def _is_python(metadata: object) -> bool:
    """Whether a notebook is in Python, as far as it says what it is in."""
    kernel = _member(metadata, "kernelspec")
    said = (_member(_member(metadata, "language_info"), "name"), _member(kernel, "language"))
    languages = [language.lower() for language in said if isinstance(language, str)]
    return not languages or any(language in _PYTHON for language in languages)


def _says_python(cell: dict[str, Any]) -> bool:
    """Whether a cell is in Python: in version 3 it says so itself, editors say it of those that are not."""
    said = (cell.get("language"), _member(_member(cell.get("metadata"), "vscode"), "languageId"))
    return all(language.lower() in _PYTHON for language in said if isinstance(language, str))


def _understood(cell: _Cell) -> Piece | None:
    """A cell as Python; None where it is none."""
    lines = [line.rstrip("\r\n") for line in cell.lines]
    plain = Piece(1, tuple(map(Code, lines)))
    if plain.parses:
        return plain
    piece = without_magics(plain)
    return piece if piece is not None and piece.parses else None


def _change(edit: Edit, cell: _Cell) -> Change:
    starts, span = cell.starts, edit.span
    start, end = (
        min(starts[min(line, len(starts)) - 1] + column - 1, starts[-1])
        for line, column in ((span.line, span.column), (span.end_line, span.end_column))
    )
    return _least(Change(start, end, with_line_ends(edit.replacement, cell.lines, span.line)), cell.text)


def _least(change: Change, text: str) -> Change:
    """The change without what it leaves as it was at its ends, which may be written in some way of its own."""
    before, after = text[change.start : change.end], change.text
    same = len(shared_beginning(before, after))
    before, after = before[same:], after[same:]
    behind = len(shared_beginning(before[::-1], after[::-1]))
    return Change(change.start + same, change.end - behind, after[: len(after) - behind])
