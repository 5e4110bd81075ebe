"""What findings are known by when their lines move: the definition they stand in, and their text as tokens."""

from __future__ import annotations

import tokenize
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property

from attnlint.diagnostics import Content, Diagnostic, Span
from attnlint.provenance import Provenance
from attnlint.syntax.outline import Definition, ModuleOutline
from attnlint.syntax.text import SourceText

_NO_CODE = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
)
_CLOSING = frozenset(")]}")


class Contents:
    """The contents of the findings of one source."""

    def __init__(self, source: SourceText, module: ModuleOutline) -> None:
        self._source = source
        self._module = module

    def added(self, found: Iterable[Diagnostic]) -> list[Diagnostic]:
        """The findings with their contents."""
        return [replace(diagnostic, content=self._of(diagnostic.span)) for diagnostic in found]

    def _of(self, span: Span) -> Content:
        around = list(self._around(span.line))
        name = around[0].qualname if around else ""
        return Content(name, normalised(self._source.extract(span)), tuple(self._provenance.of(around)))

    def _around(self, line: int) -> Iterator[Definition]:
        """The definitions that a line stands in, the innermost first."""
        place = bisect_right(self._definitions, line, key=lambda definition: definition.lines.first) - 1
        inner: Definition | None = self._definitions[place] if place >= 0 else None
        while inner is not None:
            if line <= inner.lines.last:
                yield inner
            inner = self._outer.get(inner)

    @cached_property
    def _definitions(self) -> list[Definition]:
        definitions = [*self._module.definitions(), *self._module.all_classes()]
        return sorted(definitions, key=lambda definition: definition.lines.first)

    @cached_property
    def _outer(self) -> dict[Definition, Definition]:
        """The definition that each one stands in."""
        outer: dict[Definition, Definition] = {}
        open_: list[Definition] = []
        for definition in self._definitions:
            while open_ and open_[-1].lines.last < definition.lines.first:
                open_.pop()
            if open_:
                outer[definition] = open_[-1]
            open_.append(definition)
        return outer

    @cached_property
    def _provenance(self) -> Provenance:
        return Provenance(self._source)


def normalised(text: str) -> str:
    """Source text as it is whatever its layout: without comments, line breaks, trailing commas and needless spaces.

    What is no code (a comment that is reported itself, something cut off) keeps its words.
    """
    try:
        tokens = list(_tokens(text))
    except (tokenize.TokenError, SyntaxError):
        tokens = []
    return _joined(tokens) if tokens else " ".join(text.split())


def _tokens(text: str) -> Iterator[str]:
    """The tokens that mean something. In brackets of our own, line breaks are white space; strings are taken whole, as
    their parts are not the same in every version of Python."""
    lines = f"(\n{text}\n)".splitlines(keepends=True)
    found = list(_with_whole_strings(tokenize.generate_tokens(iter(lines).__next__), lines))[1:-1]
    for token, following in zip(found, (*found[1:], ""), strict=False):
        if not (token == "," and following in _CLOSING):
            yield token


def _with_whole_strings(tokens: Iterable[tokenize.TokenInfo], lines: list[str]) -> Iterator[str]:
    depth, start = 0, (1, 0)
    for token in tokens:
        kind = tokenize.tok_name[token.type]
        if kind.endswith("STRING_START"):
            start = start if depth else token.start
            depth += 1
        elif kind.endswith("STRING_END"):
            depth -= 1
            if not depth:
                yield _between(lines, start, token.end)
        elif not depth and token.type not in _NO_CODE:
            yield token.string


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    covered = lines[start[0] - 1 : end[0]]
    covered[-1] = covered[-1][: end[1]]
    covered[0] = covered[0][start[1] :]
    return "".join(covered)


def _joined(tokens: Iterable[str]) -> str:
    """Tokens with a space only where two words would become one."""
    parts: list[str] = []
    for token in tokens:
        if parts and _is_word(parts[-1][-1]) and (_is_word(token[0]) or token[0] in "\"'"):
            parts.append(" ")
        parts.append(token)
    return "".join(parts)


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
