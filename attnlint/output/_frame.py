"""Code frames: source lines with their numbers, and marks under the span that is spoken of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attnlint.diagnostics import Span
from attnlint.output._terminal import Ink, visible, width

TAB = "    "
LONGEST_LINE = 160
"""Code points of a line that a frame shows; of a longer one, the part about the span."""
MOST_LINES = 6
"""Lines of a span that a frame shows; of a longer one, the first and the last."""


@dataclass(frozen=True)
class Frame:
    """How frames are drawn: the columns for line numbers, the mark and its colour."""

    gutter: int
    ink: Ink
    mark: str = "^"
    color: str = "red"

    def draw(self, lines: Sequence[str], span: Span, context: int = 0) -> Iterator[str]:
        """The rows of the frame, with ``context`` lines before and after; none where the source has no such lines."""
        if span.line > len(lines):
            return
        before = range(max(1, span.line - context), span.line)
        after = range(span.end_line + 1, min(span.end_line + context, len(lines)) + 1)
        yield self._row("", "")
        for number in before:
            yield from self._line(number, lines[number - 1], None)
        yield from self._span(lines, span)
        for number in after:
            yield from self._line(number, lines[number - 1], None)
        if after:
            yield self._row("", "")

    def _span(self, lines: Sequence[str], span: Span) -> Iterator[str]:
        last = min(span.end_line, len(lines))
        skipped = range(span.line + MOST_LINES - 2, last) if last - span.line >= MOST_LINES else range(0)
        for number in range(span.line, last + 1):
            if number not in skipped:
                yield from self._line(number, lines[number - 1], span)
            elif number == skipped.start:
                yield self._row("", "⋮")

    def _line(self, number: int, raw: str, span: Span | None) -> Iterator[str]:
        line = raw.rstrip("\r\n")
        start, end = _columns(line, number, span) if span else (0, 0)
        first = max(0, start - LONGEST_LINE // 4) if len(line) > LONGEST_LINE else 0
        shown = line[first : first + LONGEST_LINE]
        head, tail = "…" if first else "", "…" if first + LONGEST_LINE < len(line) else ""
        yield self._row(str(number), head + _cells(shown) + tail)
        covered = line[start : min(end, first + LONGEST_LINE)]
        if span and (covered or number == span.line):
            indent = width(head + _cells(line[first:start]))
            marks = self.mark * max(1, width(_cells(covered)))
            yield self._row("", " " * indent + self.ink(marks, self.color, bold=True))

    def _row(self, label: str, text: str) -> str:
        edge = self.ink(f"{label:>{self.gutter}} |", "blue")
        return f"{edge} {text}" if text else edge


def _columns(line: str, number: int, span: Span) -> tuple[int, int]:
    """The 0-based columns of a line that the span covers; it leaves out the indent of its second and further lines."""
    indent = len(line) - len(line.lstrip())
    start = span.column - 1 if number == span.line else indent
    end = span.end_column - 1 if number == span.end_line else len(line)
    return min(start, len(line)), end


def _cells(text: str) -> str:
    return visible(text.replace("\t", TAB))
