"""Places as the protocol has them: lines from 0, and columns that count what client and server have agreed on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from lsprotocol import types

from attnlint.diagnostics import Span

_CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


@dataclass(frozen=True)
class Positions:
    """The ways between spans and ranges, for columns in one encoding."""

    encoding: str = "utf-16"

    USUAL: ClassVar[str] = "utf-16"

    def range(self, span: Span, lines: Sequence[str]) -> types.Range:
        """A span of these lines, which have their ends, as a range."""
        return types.Range(
            self._position(span.line, span.column, lines), self._position(span.end_line, span.end_column, lines)
        )

    def place(self, position: types.Position, lines: Sequence[str]) -> tuple[int, int]:
        """A position as a 1-based line and column of code points; one inside a character is taken for its beginning."""
        codec, size = _CODECS[self.encoding]
        line = _line(position.line + 1, lines)
        if line.isascii():
            return position.line + 1, min(position.character, len(line)) + 1
        before = line.encode(codec, "surrogatepass")[: position.character * size]
        return position.line + 1, len(before.decode(codec, "ignore")) + 1

    def span(self, range_: types.Range, lines: Sequence[str]) -> Span:
        """A range as a span."""
        return Span(*self.place(range_.start, lines), *self.place(range_.end, lines))

    def _position(self, line: int, column: int, lines: Sequence[str]) -> types.Position:
        codec, size = _CODECS[self.encoding]
        before = _line(line, lines)[: column - 1]
        units = len(before) if before.isascii() else len(before.encode(codec, "surrogatepass")) // size
        return types.Position(line - 1, units)


def _line(number: int, lines: Sequence[str]) -> str:
    return lines[number - 1] if 0 < number <= len(lines) else ""
