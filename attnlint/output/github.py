"""For GitHub Actions: workflow commands that become annotations on the lines of a pull request."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from attnlint.diagnostics import Diagnostic, Severity
from attnlint.output import View
from attnlint.output._copies import remark
from attnlint.output._escapes import relative
from attnlint.output._terminal import visible

if TYPE_CHECKING:
    from attnlint.linter import Report

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.PERFORMANCE: "notice"}
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def render(report: Report, view: View) -> Iterator[str]:
    """One workflow command a finding."""
    for found in report.diagnostics:
        properties = ",".join(f"{name}={_escape(value, _PROPERTY)}" for name, value in _properties(found))
        yield f"::{_COMMANDS[found.severity]} {properties}::{_escape(found.message + remark(found), _DATA)}\n"


def _properties(found: Diagnostic) -> Iterator[tuple[str, str]]:
    yield from _place(found)
    yield "title", f"{found.code} {found.name}"


def _place(found: Diagnostic) -> Iterator[tuple[str, str]]:
    """GitHub wants paths from the root of the repository, and columns only where a span begins and ends on one line."""
    span, one_line = found.span, found.span.line == found.span.end_line
    yield "file", relative(found.path, os.environ.get("GITHUB_WORKSPACE")) or found.path
    yield "line", str(span.line)
    if one_line:
        yield "col", str(span.column)
    yield "endLine", str(span.end_line)
    if one_line:
        yield "endColumn", str(span.end_column)


def _escape(text: str, table: dict[int, str]) -> str:
    return "".join(part if part in "\r\n" else visible(part) for part in text).translate(table)
