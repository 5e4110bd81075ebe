"""What counts as a crash: everything but findings that stand inside the text, and a `SourceError` of one line."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

from attnlint import Configuration, Diagnostic, Failures, SourceError, Span, discover, lint_source
from attnlint.documents import open_document
from attnlint.documents.base import Document
from attnlint.fixes import fix_source, ignore_source
from attnlint.fixes.fixer import Endless
from attnlint.output import View, formats, renderer
from attnlint.runs import Report
from attnlint.syntax.parser import check_syntax
from attnlint.syntax.stack import on_big_stack

RULES = tuple(discover().values())
"""All rules, those too that are off by default."""


def fault(path: str, data: bytes, config: Configuration | None = None) -> str | None:
    """What is wrong with the way in which one file is linted, fixed and reported; None for a file that is not fit for
    that and is refused as it should be."""
    try:
        return next(_faults(path, data, config or Configuration(isolated=True)), None)
    except Exception:
        return traceback.format_exc()


def _faults(path: str, data: bytes, config: Configuration) -> Iterator[str]:
    failures = Failures()
    try:
        found = lint_source(data, path, RULES, failures, config)
    except SourceError as error:
        yield from _misworded(error)
        return
    yield from failures.told()
    document = open_document(path, data)
    for diagnostic in found:
        yield from (
            f"{diagnostic.code} stands outside of the text: {span}" for span in _misplaced(document, diagnostic)
        )
        yield from _broken_fix(document, diagnostic)
    if found:
        yield from _changes(path, data, config)
        yield from _printed(document, found)


def _misworded(error: SourceError) -> Iterator[str]:
    if not error.reason or "\n" in error.reason:
        yield f"the reason of a SourceError is no line: {error.reason!r}"
    if error.line is not None and error.line < 1:
        yield f"a SourceError names line {error.line}"


def _misplaced(document: Document, diagnostic: Diagnostic) -> Iterator[Span]:
    """The places of a finding that the text does not have."""
    places = [(diagnostic.cell, diagnostic.span)]
    places += [(related.cell, related.span) for related in diagnostic.related]
    places += [(edit.cell, edit.span) for edit in (diagnostic.fix.edits if diagnostic.fix is not None else ())]
    for cell, span in places:
        lines = [*document.parts.get(cell, ()), ""]
        ends = ((span.line, span.column), (span.end_line, span.end_column))
        inside = all(1 <= line <= len(lines) and 1 <= column <= len(lines[line - 1]) + 1 for line, column in ends)
        if not inside or ends[0] > ends[1]:
            yield span


def _broken_fix(document: Document, diagnostic: Diagnostic) -> Iterator[str]:
    """The fix of one finding made alone: it may be refused, and what it makes has to be Python."""
    if diagnostic.fix is None or not diagnostic.fix.edits:
        return
    try:
        fixed = open_document(document.path, document.edited(diagnostic.fix.edits))
    except SourceError:
        return
    try:
        text = fixed.source.text
        on_big_stack(lambda: check_syntax(text))
    except SourceError as error:
        yield f"the fix of {diagnostic.code} at {diagnostic.span} makes {error}"
    if fixed.pieces < document.pieces:
        yield f"the fix of {diagnostic.code} at {diagnostic.span} makes a piece that does not parse"


def _changes(path: str, data: bytes, config: Configuration) -> Iterator[str]:
    """All fixes together, and comments that silence everything."""
    failures = Failures()
    try:
        fix_source(data, path, RULES, lambda one: True, failures, config)
    except Endless as error:
        yield str(error)
    except SourceError as error:
        yield from _misworded(error)
    try:
        ignore_source(data, path, failures, rules=RULES, config=config)
    except SourceError as error:
        yield from _misworded(error)
    yield from failures.told()


def _printed(document: Document, found: list[Diagnostic]) -> Iterator[str]:
    """The findings in every format: those for people print something for sure."""
    report = Report(found, [], 1, [document.path])
    for name in formats():
        text = "".join(renderer(name)(report, View(lambda path, cell: document.parts.get(cell, ()))))
        if not text.strip():
            yield f"the format {name} prints nothing"
