"""Comments that silence a finding: ``# attnlint: ignore[ATN101]`` and ``# noqa: ATN101``.

A comment counts on any physical line of the statement that holds the finding: a simple statement whole, or the header
of a compound one together with its decorators. Both come from one pass of `tokenize`, made only when a file that has a
finding also has the words of a suppression, so text in strings is never taken for a comment.
"""

from __future__ import annotations

import re
import tokenize
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from attnlint.diagnostics import Diagnostic

if TYPE_CHECKING:
    from attnlint.syntax.text import SourceText

_IGNORE = re.compile(r"#\s*attnlint:\s*ignore(?:\[(?P<codes>[^\]#]*)\]|\s*(?:$|--|#))", re.IGNORECASE)
_NOQA = re.compile(r"#\s*noqa(?:\s*:\s*(?P<codes>[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*)|(?!\s*:)\b)", re.IGNORECASE)
_WORDS = re.compile(r"#\s*(?:attnlint:\s*ignore|noqa)", re.IGNORECASE)

_BETWEEN_STATEMENTS = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER}
)


@dataclass(frozen=True)
class Suppression:
    """One comment: the line it stands on, and the selectors it names (None: it silences every code)."""

    line: int
    selectors: tuple[str, ...] | None

    def covers(self, diagnostic: Diagnostic) -> bool:
        """Whether the comment names the finding: by a prefix of its code, or by the rule's name."""
        if self.selectors is None:
            return True
        return any(diagnostic.code.startswith(s.upper()) or diagnostic.name == s for s in self.selectors)


@dataclass(frozen=True)
class _Statement:
    """The physical lines, first and last, of a simple statement or of a compound statement's header."""

    first: int
    last: int


class Suppressions:
    """The suppression comments of one source, found when a finding first asks for them."""

    def __init__(self, source: SourceText) -> None:
        self._source = source

    @classmethod
    def of(cls, source: SourceText) -> Suppressions:
        """The suppressions of a source."""
        return cls(source)

    def covers(self, diagnostic: Diagnostic) -> bool:
        """Whether a comment on the finding's statement silences it."""
        if not self._comments:
            return False
        statement = self._statement(diagnostic.span.line)
        return any(
            statement.first <= comment.line <= statement.last and comment.covers(diagnostic)
            for comment in self._comments
        )

    def _statement(self, line: int) -> _Statement:
        index = bisect_right(self._statements, line, key=lambda statement: statement.first) - 1
        if index >= 0 and line <= self._statements[index].last:
            return self._statements[index]
        return _Statement(line, line)

    @cached_property
    def _comments(self) -> list[Suppression]:
        return [found for token in self._tokens if token.type == tokenize.COMMENT for found in _suppressions(token)]

    @cached_property
    def _statements(self) -> list[_Statement]:
        return list(_with_decorators(_logical_lines(self._tokens)))

    @cached_property
    def _tokens(self) -> list[tokenize.TokenInfo]:
        return list(_tokens(self._source.lines)) if _WORDS.search(self._source.text) else []


def _suppressions(token: tokenize.TokenInfo) -> Iterator[Suppression]:
    for pattern in (_IGNORE, _NOQA):
        for match in pattern.finditer(token.string):
            codes = match["codes"]
            yield Suppression(token.start[0], None if codes is None else tuple(re.findall(r"[\w-]+", codes)))


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


def _with_decorators(lines: Iterable[tuple[tokenize.TokenInfo, int]]) -> Iterator[_Statement]:
    """Logical lines as statements, a definition's header beginning at its first decorator."""
    first: int | None = None
    for start, last in lines:
        first = first or start.start[0]
        if start.string != "@":
            yield _Statement(first, last)
            first = None
