"""Pieces of Python that a document holds, joined to one source, and the way back from places in it.

Each piece stands alone: it is left out if it does not parse, and an edit that would reach from one into another is
none. The lines of the joined source are `Row`s, which know where in the document they stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from attnlint.diagnostics import Diagnostic, Edit, Fix, Related, Span, Tier
from attnlint.syntax.parser import parse_tree
from attnlint.syntax.text import SourceError, split_lines

_BOM = "\ufeff"


@dataclass(frozen=True)
class Code:
    """The Python of one line, without its end."""

    text: str
    shift: int = 0
    """How many characters of the line stand before the code: indents, quote marks, prompts."""
    prefix: str | None = ""
    """What a new line behind this one has to begin with; None where no line can be put."""
    is_real: bool = True
    """Whether it is what the document says; what stands in for something else is never edited."""


@dataclass(frozen=True)
class Piece:
    """A block of a document, or a cell of a notebook: the line it begins on, and the code of its lines."""

    first: int
    lines: tuple[Code, ...]

    @property
    def text(self) -> str:
        """The code as Python reads it."""
        return "".join(f"{line.text}\n" for line in self.lines)

    @property
    def parses(self) -> bool:
        """Whether it is Python by itself, and in any place of a module; to be called on a big stack."""
        try:
            parse_tree(self.text)
        except SourceError:
            return False
        return not self.text.startswith(_BOM)


def dedented(piece: Piece) -> Piece:
    """The piece without the indent that all its lines share."""
    indents = [line.text[: len(line.text) - len(line.text.lstrip(" \t"))] for line in piece.lines if line.text.strip()]
    indent = shared_beginning(min(indents, default=""), max(indents, default=""))
    return replace(piece, lines=tuple(_without(line, indent) for line in piece.lines)) if indent else piece


def shared_beginning(one: str, other: str) -> str:
    """What two texts begin with; of the least and the greatest of many, what all begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return one[: next((number for number, (a, b) in pairs if a != b), min(len(one), len(other)))]


def _without(line: Code, indent: str) -> Code:
    if not line.text.startswith(indent):  # a blank line that is shorter
        return replace(line, text="", shift=line.shift + len(line.text), prefix=None)
    prefix = None if line.prefix is None else line.prefix + indent
    return replace(line, text=line.text[len(indent) :], shift=line.shift + len(indent), prefix=prefix)


@dataclass(frozen=True)
class Row:
    """Where a line of the joined source stands: in which cell, on which line, and in which piece, if in any."""

    cell: int | None
    number: int
    piece: int | None = None
    code: Code = Code("")


class Rows:
    """The lines of a joined source, and the ways from places in it to places in the document."""

    def __init__(self, rows: Sequence[Row], noun: str) -> None:
        self._rows = rows
        self._noun = noun

    def reported(self, found: Diagnostic) -> Diagnostic:
        """A finding in the joined source as one in the document."""
        cell, span = self._place(found.span)
        related = tuple(self._related(one) for one in found.related)
        fix = None if found.fix is None else self._fix(found.fix)
        return replace(found, cell=cell, span=span, related=related, fix=fix)

    def line(self, cell: int | None, number: int) -> int:
        """The line of the joined source that holds a line of the document."""
        return self._lines[cell, number]

    @cached_property
    def _lines(self) -> Mapping[tuple[int | None, int], int]:
        return {(row.cell, row.number): line for line, row in enumerate(self._rows, 1)}

    def _related(self, related: Related) -> Related:
        cell, span = self._place(related.span)
        return replace(related, cell=cell, span=span)

    def _place(self, span: Span) -> tuple[int | None, Span]:
        first, last = self._row(span.line), self._row(span.end_line)
        if first.cell != last.cell:
            raise ValueError(f"{span} reaches from cell {first.cell} into {last.cell}")
        start, end = span.column + first.code.shift, span.end_column + last.code.shift
        return first.cell, Span(first.number, start, last.number, end)

    def _row(self, line: int) -> Row:
        return self._rows[line - 1]

    def _fix(self, fix: Fix) -> Fix:
        """The fix with edits of the document; without any where they cannot be made there, and the title says why."""
        edits = [self.placed(edit) for edit in fix.edits]
        reasons = [edit for edit in edits if isinstance(edit, str)]
        if reasons:
            return Fix(f"{fix.title} (by hand: {reasons[0]})", Tier.MANUAL, ())
        return replace(fix, edits=tuple(edit for edit in edits if isinstance(edit, Edit)))

    def placed(self, edit: Edit) -> Edit | str:
        """The edit in the document, or why there is none."""
        span = edit.span
        whole_lines = span.column == 1 == span.end_column and span.end_line > span.line
        last_line = span.end_line - whole_lines
        is_above = span == Span(span.line, 1, span.line, 1) and edit.replacement.endswith("\n")
        covered = [self._row(line) for line in range(span.line, last_line + 1)]
        if any(not row.code.is_real for row in covered) and not is_above:
            return "the line is no plain Python"
        if None in {row.piece for row in covered} or len({row.piece for row in covered}) > 1:
            return f"it does not stay inside one {self._noun}"
        first, last = covered[0], covered[-1]
        text = edit.replacement
        if "\n" in text:
            if first.code.prefix is None:
                return "each new line needs its prompt"
            text = "".join(_prefixed(text, first.code.prefix, at_start=whole_lines))
        if whole_lines:
            return Edit(Span(first.number, 1, last.number + 1, 1), text, first.cell)
        start, end = span.column + first.code.shift, span.end_column + last.code.shift
        return Edit(Span(first.number, start, last.number, end), text, first.cell)


def _prefixed(text: str, prefix: str, *, at_start: bool) -> Iterator[str]:
    """The text with the prefix before each of its lines, the first one too if it is put at the start of a line. Blank
    ones have no more of it than the marks of a quotation, which would end without them."""
    for number, line in enumerate(split_lines(text)):
        before = (prefix if line.strip() else prefix.rstrip()) if number or at_start else ""
        yield before + line
    if not at_start and text.endswith("\n"):
        yield prefix
