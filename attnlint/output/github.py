"""For GitHub Actions: workflow commands that become annotations on the lines of a pull request."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from attnlint.diagnostics import Diagnostic, Severity, Span
from attnlint.output import View
from attnlint.output._cells import worded
from attnlint.output._copies import remark
from attnlint.output._escapes import relative
from attnlint.output._terminal import visible

if TYPE_CHECKING:
    from attnlint.runs import Report

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.PERFORMANCE: "notice"}
_LINES = re.compile("([\r\n])")
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def render(report: Report, view: View) -> Iterator[str]:
    """One workflow command a finding."""
    for found in report.diagnostics:
        properties = ",".join(f"{name}={_escape(value, _PROPERTY)}" for name, value in _properties(found))
        message = worded(found) + remark(found)
        yield f"::{_COMMANDS[found.severity]} {properties}::{_escape(message, _DATA)}\n"


def _properties(found: Diagnostic) -> Iterator[tuple[str, str]]:
    """GitHub wants paths from the root of the repository; of a place in a notebook there is the line of the file."""
    yield "file", relative(found.path, os.environ.get("GITHUB_WORKSPACE")) or found.path
    if found.cell is None:
        yield from _place(found.span)
    elif found.file_line is not None:
        yield "line", str(found.file_line)
    yield "title", f"{found.code} {found.name}"


def _place(span: Span) -> Iterator[tuple[str, str]]:
    """GitHub wants columns only where a span begins and ends on one line."""
    one_line = span.line == span.end_line
    yield "line", str(span.line)
    if one_line:
        yield "col", str(span.column)
    yield "endLine", str(span.end_line)
    if one_line:
        yield "endColumn", str(span.end_column)


def _escape(text: str, table: dict[int, str]) -> str:
    return "".join(part if part in "\r\n" else visible(part) for part in _LINES.split(text)).translate(table)
