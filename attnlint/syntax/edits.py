"""Edits on the text of a source. Every character that no edit covers stays as it is, line ends and encoding too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

from attnlint.diagnostics import Edit, Span
from attnlint.syntax.text import SourceError, SourceText, line_end


def edited(source: SourceText, edits: Iterable[Edit]) -> bytes:
    """The bytes of a source after edits that do not overlap.

    Replacements take the line ends of the line they begin on. Raises `SourceError` where a replacement cannot be
    written in the encoding of the file, or the rest of it cannot be written again as it was.
    """
    starts = [0, *accumulate(map(len, source.lines))]
    text, end = [], len(source.text)
    for edit in sorted(set(edits), key=lambda edit: edit.span, reverse=True):
        begin, stop = (starts[line - 1] + column - 1 for line, column in _ends(edit.span))
        text += [source.text[stop:end], with_line_ends(edit.replacement, source.lines, edit.span.line)]
        end = begin
    text.append(source.text[:end])
    if source.text.encode(source.encoding) != source.data:  # ``unicode_escape`` makes one line of all lines
        reason = f"{source.encoding} does not write what it reads: no fix can leave the rest of the file as it is"
        raise SourceError(None, reason)
    return _encoded("".join(reversed(text)), source)


def _ends(span: Span) -> tuple[tuple[int, int], tuple[int, int]]:
    return (span.line, span.column), (span.end_line, span.end_column)


def with_line_ends(replacement: str, lines: Sequence[str], line: int) -> str:
    """A replacement's new lines end as the line does that it begins on; what it took from the source stays."""
    if "\n" not in replacement or "\r" in replacement:
        return replacement
    end = line_end(lines[line - 1]) if line <= len(lines) else ""
    return replacement.replace("\n", end) if end else replacement


def _encoded(text: str, source: SourceText) -> bytes:
    try:
        return text.encode(source.encoding)
    except UnicodeEncodeError as error:
        reason = f"the fix needs {text[error.start]!r}, which {source.encoding} cannot write"
        raise SourceError(None, reason) from None


def overlap(one: Span, other: Span) -> bool:
    """Whether two spans share text; two insertions at one place do."""
    first, second = sorted((one, other))
    (_, end), (begin, _) = _ends(first), _ends(second)
    return begin < end or _ends(first) == _ends(second) or (begin == end and _is_empty(first) and _is_empty(second))


def _is_empty(span: Span) -> bool:
    return (span.line, span.column) == (span.end_line, span.end_column)
