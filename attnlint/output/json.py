"""For programs: a list of objects, one a finding. Columns are 1-based code points, ends are exclusive.

In a notebook ``cell`` is the number of the cell, and lines are counted from its beginning.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attnlint.diagnostics import Copy, Diagnostic, Edit, Fix, Related, Span
from attnlint.output import View
from attnlint.output._escapes import dumped
from attnlint.output._statistics import objects

if TYPE_CHECKING:
    from attnlint.runs import Report


def render(report: Report, view: View) -> Iterator[str]:
    """The whole list as indented JSON."""
    yield dumped([finding(found) for found in report.diagnostics], indent=2) + "\n"


def statistics(report: Report, view: View) -> Iterator[str]:
    """An array with an object for each code."""
    yield dumped(objects(report), indent=2) + "\n"


def finding(found: Diagnostic) -> dict[str, object]:
    """The object of one finding."""
    return {
        "code": found.code,
        "name": found.name,
        "severity": found.severity.value,
        "path": found.path,
        "cell": found.cell,
        **_span(found.span),
        "message": found.message,
        "url": found.url,
        "fix": _fix(found.fix) if found.fix else None,
        "related": [_related(related) for related in found.related],
        "copies": [_place(copy) for copy in found.copies],
    }


def _span(span: Span) -> dict[str, object]:
    return {"line": span.line, "column": span.column, "end_line": span.end_line, "end_column": span.end_column}


def _fix(fix: Fix) -> dict[str, object]:
    return {"title": fix.title, "tier": fix.tier.value, "edits": [_edit(edit) for edit in fix.edits]}


def _edit(edit: Edit) -> dict[str, object]:
    return {"cell": edit.cell, **_span(edit.span), "replacement": edit.replacement}


def _related(related: Related) -> dict[str, object]:
    return {**_place(related), "message": related.message}


def _place(at: Related | Copy) -> dict[str, object]:
    return {"path": at.path, "cell": at.cell, "line": at.span.line, "column": at.span.column}
