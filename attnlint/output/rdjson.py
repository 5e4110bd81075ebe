"""For reviewdog: its diagnostic format (https://github.com/reviewdog/reviewdog/tree/master/proto/rdf).

Columns count bytes of UTF-8 there. Related places are for reviewdog 0.18 and newer. Places in notebooks are lines of
the file, and fixes there no suggestions: what they would replace is written as JSON has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from attnlint.diagnostics import Diagnostic, Edit, Related, Severity, Span
from attnlint.output import Lines, View
from attnlint.output._cells import worded
from attnlint.output._copies import related_and_copies
from attnlint.output._escapes import dumped
from attnlint.output._terminal import flowing
from attnlint.syntax.text import extract

if TYPE_CHECKING:
    from attnlint.runs import Report

_SEVERITIES = {Severity.ERROR: "ERROR", Severity.WARNING: "WARNING", Severity.PERFORMANCE: "INFO"}
_HOME = "https://attnlint.github.io/attnlint/"


def render(report: Report, view: View) -> Iterator[str]:
    """One result with all diagnostics, as indented JSON."""
    found = [_diagnostic(one, view.lines) for one in report.diagnostics]
    yield dumped({"source": {"name": "attnlint", "url": _HOME}, "diagnostics": found}, indent=2) + "\n"


def _diagnostic(found: Diagnostic, lines: Lines) -> dict[str, object]:
    diagnostic: dict[str, object] = {
        "message": flowing(f"{found.name}: {worded(found)}"),
        "location": _location(found, lines),
        "severity": _SEVERITIES[found.severity],
        "code": {"value": found.code, "url": found.url},
    }
    if found.fix is not None and found.fix.edits and found.cell is None:
        diagnostic["suggestions"] = [_suggestion(found.fix.edits, lines(found.path, None))]
    if places := related_and_copies(found):
        diagnostic["related_locations"] = [
            {"message": flowing(worded(one)), "location": _location(one, lines)} for one in places
        ]
    return diagnostic


def _location(at: Diagnostic | Related, lines: Lines) -> dict[str, object]:
    if at.cell is None:
        return {"path": at.path, "range": _range(at.span, lines(at.path, None))}
    return {"path": at.path, **({} if at.file_line is None else {"range": {"start": {"line": at.file_line}}})}


def _suggestion(edits: Sequence[Edit], lines: Sequence[str]) -> dict[str, object]:
    """A fix as one suggestion, which is made alone: from its first edit to its last, with the text between them."""
    edits = sorted(set(edits), key=lambda edit: edit.span)
    text = edits[0].replacement
    for before, edit in pairwise(edits):
        between = Span(before.span.end_line, before.span.end_column, edit.span.line, edit.span.column)
        text += extract(lines, between) + edit.replacement
    first, last = edits[0].span, edits[-1].span
    return {"range": _range(Span(first.line, first.column, last.end_line, last.end_column), lines), "text": text}


def _range(span: Span, lines: Sequence[str]) -> dict[str, object]:
    return {
        "start": {"line": span.line, "column": _bytes(lines, span.line, span.column)},
        "end": {"line": span.end_line, "column": _bytes(lines, span.end_line, span.end_column)},
    }


def _bytes(lines: Sequence[str], line: int, column: int) -> int:
    """The column of a code point as a column of bytes."""
    before = lines[line - 1][: column - 1] if line <= len(lines) else ""
    return column - len(before) + len(before.encode())
