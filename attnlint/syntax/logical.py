"""Logical lines: which physical lines a statement takes, what comments stand on them, and where one more may."""

from __future__ import annotations

import tokenize
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

_BETWEEN_STATEMENTS = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER}
)
_OPENING = frozenset(getattr(tokenize, f"{kind}_START", None) for kind in ("FSTRING", "TSTRING"))
_CLOSING = frozenset(getattr(tokenize, f"{kind}_END", None) for kind in ("FSTRING", "TSTRING"))


@dataclass(frozen=True)
class Statement:
    """The physical lines, first and last, of a simple statement or of a compound statement's header.

    The header of a definition begins at its first decorator.
    """

    first: int
    last: int


class LogicalLines:
    """The tokens of a source, up to the first place that `tokenize` does not understand; read when first asked for."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    @property
    def comments(self) -> Iterator[tokenize.TokenInfo]:
        """All comments, in order."""
        return (token for token in self._tokens if token.type == tokenize.COMMENT)

    def statement(self, line: int) -> Statement:
        """The statement that has a part on a line; the line alone where none has."""
        index = bisect_right(self._statements, line, key=lambda statement: statement.first) - 1
        if index >= 0 and line <= self._statements[index].last:
            return self._statements[index]
        return Statement(line, line)

    def takes_comment(self, line: int) -> bool:
        """Whether a comment can be put at the end of a line: it ends neither inside a string nor with a backslash."""
        if line > len(self._lines) or line in self._in_strings:
            return False
        return line in self._commented or not self._lines[line - 1].rstrip("\r\n").endswith("\\")

    @cached_property
    def _commented(self) -> frozenset[int]:
        """The lines that have a comment."""
        return frozenset(token.start[0] for token in self.comments)

    @cached_property
    def _in_strings(self) -> frozenset[int]:
        """The lines whose ends are inside a string."""
        found: set[int] = set()
        begun: list[int] = []
        for token in self._tokens:
            if token.type in _OPENING:
                begun.append(token.start[0])
            elif token.type in _CLOSING and begun:
                found.update(range(begun.pop(), token.end[0]))
            elif token.type == tokenize.STRING:
                found.update(range(token.start[0], token.end[0]))
        return frozenset(found)

    @cached_property
    def _statements(self) -> list[Statement]:
        return list(_with_decorators(_logical_lines(self._tokens)))

    @cached_property
    def _tokens(self) -> list[tokenize.TokenInfo]:
        return list(_tokens(self._lines))


def _tokens(lines: Iterable[str]) -> Iterator[tokenize.TokenInfo]:
    """The tokens up to the first place that `tokenize` does not understand."""
    readline = (line.rstrip("\r\n") + "\n" for line in lines)
    try:
        yield from tokenize.generate_tokens(lambda: next(readline, ""))
    except (tokenize.TokenError, SyntaxError):
        return


def _logical_lines(tokens: Iterable[tokenize.TokenInfo]) -> Iterator[tuple[tokenize.TokenInfo, int]]:
    """The first token and the last line of each logical line."""
    start: tokenize.TokenInfo | None = None
    for token in tokens:
        if token.type == tokenize.NEWLINE and start is not None:
            yield start, token.start[0]
            start = None
        elif start is None and token.type not in _BETWEEN_STATEMENTS:
            start = token


def _with_decorators(lines: Iterable[tuple[tokenize.TokenInfo, int]]) -> Iterator[Statement]:
    """Logical lines as statements, a definition's header beginning at its first decorator."""
    first: int | None = None
    for start, last in lines:
        first = first or start.start[0]
        if start.string != "@":
            yield Statement(first, last)
            first = None
