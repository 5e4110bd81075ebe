"""One Python source: its bytes, its text, and its lines as Python counts them."""

from __future__ import annotations

import codecs
import io
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from tokenize import detect_encoding

from attnlint.diagnostics import Span
from attnlint.syntax.quiet import quietly

_BOM = "\ufeff"
_SLOW = frozenset({"idna", "punycode"})
"""Encodings of names that Python takes for some of text, and whose decoders take the square of the length."""
_FIRST_LINES = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)?")


class SourceError(Exception):
    """A source that cannot be analysed: a reason in one line, and the 1-based line where one can be named."""

    def __init__(self, line: int | None, reason: str) -> None:
        super().__init__(line, reason)
        self.line = line
        self.reason = reason

    def __str__(self) -> str:
        return self.reason if self.line is None else f"line {self.line}: {self.reason}"


@dataclass(frozen=True, eq=False)
class SourceText:
    """One Python source; ``text`` is decoded and without a byte-order mark, its line ends are as in the file.

    Encoded with ``encoding``, the text is ``data`` again (``utf-8-sig`` writes the byte-order mark).
    """

    path: str
    data: bytes
    text: str
    encoding: str = "utf-8"
    begins: tuple[int, ...] = (1,)
    """The lines on which pieces begin that each stand for themselves: cells of a notebook, blocks of prose."""

    @classmethod
    def from_bytes(cls, path: str, data: bytes) -> SourceText:
        """Decode a file as Python does: byte-order mark, PEP 263 declaration, else UTF-8."""
        encoding = _encoding(data)
        return cls(path, data, _decode(data, encoding), encoding)

    @cached_property
    def searched(self) -> str:
        """The text with every line end as ``\n``, for patterns that know of lines."""
        return unified(self.text)

    @classmethod
    def from_text(cls, path: str, text: str, begins: tuple[int, ...] = (1,)) -> SourceText:
        """Take text that is decoded already (a notebook cell, an editor's buffer); a coding declaration is inert."""
        try:
            data = text.encode("utf-8")
        except UnicodeEncodeError as error:
            line = line_number(text[: error.start])
            raise SourceError(line, "a lone surrogate is not valid in source code") from None
        encoding = "utf-8-sig" if text.startswith(_BOM) else "utf-8"
        return cls(path, data, text.removeprefix(_BOM), encoding, begins)

    def piece(self, line: int) -> int:
        """The number, from 0, of the piece that holds a line."""
        return max(0, bisect_right(self.begins, line) - 1)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines with their ends, split as Python splits them."""
        return split_lines(self.text)

    def slice(self, first_line: int, last_line: int) -> str:
        """The raw text of the 1-based lines from ``first_line`` to ``last_line``, both included."""
        return "".join(self.lines[first_line - 1 : last_line])

    def extract(self, span: Span) -> str:
        """The text that ``span`` covers."""
        return extract(self.lines, span)


def extract(lines: Sequence[str], span: Span) -> str:
    """The text that ``span`` covers in lines with their ends; what they do not have is left out."""
    covered = list(lines[span.line - 1 : span.end_line])
    if len(covered) == span.end_line - span.line + 1:
        covered[-1] = covered[-1][: span.end_column - 1]
    if covered:
        covered[0] = covered[0][span.column - 1 :]
    return "".join(covered)


def split_lines(text: str) -> tuple[str, ...]:
    r"""Lines with their ends, split on ``\n``, ``\r\n`` and ``\r`` alone (``str.splitlines`` knows eight more)."""
    return tuple(io.StringIO(text, newline=""))


def line_end(line: str) -> str:
    """How ``line`` ends: one of the three line ends, or nothing."""
    return line[len(line.rstrip("\r\n")) :]


def line_number(before: str) -> int:
    """The 1-based number of the line that the text ``before`` leads to."""
    return len(split_lines(before + "."))


def _decode(data: bytes, encoding: str) -> str:
    try:
        if codecs.lookup(encoding).name in _SLOW:
            raise SourceError(1, f"{encoding} is no encoding of source code")
        with quietly():
            return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = line_number(data[: error.start].decode("latin-1"))
        raise SourceError(line, f"not valid {encoding.removesuffix('-sig')}: {error.reason}") from None
    except (LookupError, ValueError) as error:
        raise SourceError(1, f"cannot be decoded as {encoding}: {error}") from None


def _encoding(data: bytes) -> str:
    first_lines = (match.group() for match in _FIRST_LINES.finditer(data))
    try:
        return detect_encoding(first_lines.__next__)[0]
    except SyntaxError as error:
        if "unknown encoding" in str(error) or data.startswith(codecs.BOM_UTF8):
            raise SourceError(1, str(error)) from None
        return "utf-8"  # the first lines are not UTF-8 and declare nothing: decoding says where
    except LookupError as error:  # Python 3.14 decodes the first lines, and this is no encoding of text
        raise SourceError(1, str(error)) from None


def unified(text: str) -> str:
    """Text with every line end as ``\\n``."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
