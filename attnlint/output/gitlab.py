"""For merge requests of GitLab: a Code Quality report (https://docs.gitlab.com/ci/testing/code_quality/)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from attnlint.diagnostics import Diagnostic, Severity
from attnlint.fingerprints import digest, fingerprints_of_all
from attnlint.output import View
from attnlint.output._cells import worded
from attnlint.output._copies import remark
from attnlint.output._escapes import dumped, relative
from attnlint.output._terminal import visible

if TYPE_CHECKING:
    from attnlint.runs import Report

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.PERFORMANCE: "minor"}


def render(report: Report, view: View) -> Iterator[str]:
    """The whole report as indented JSON."""
    found = report.diagnostics
    known = fingerprints_of_all(found, view.lines)
    yield dumped([_issue(one, own) for one, own in zip(found, known, strict=True)], indent=2) + "\n"


def _issue(found: Diagnostic, fingerprint: str) -> dict[str, object]:
    location = _location(found)
    return {
        "description": visible(f"{found.code} {found.name}: {' '.join(worded(found).split())}{remark(found)}"),
        "check_name": found.code,
        "fingerprint": digest(str(location["path"]), fingerprint),
        "severity": _SEVERITIES[found.severity],
        "location": location,
    }


def _location(found: Diagnostic) -> dict[str, object]:
    """The place by lines and columns, in a notebook by the line of the file. GitLab wants paths from the root of the
    repository, where a job starts."""
    span = found.span
    path = relative(found.path, os.environ.get("CI_PROJECT_DIR")) or found.path
    if found.cell is not None:
        return {"path": path, "lines": {"begin": found.file_line or 1}}
    begin = {"line": span.line, "column": span.column}
    return {"path": path, "positions": {"begin": begin, "end": {"line": span.end_line, "column": span.end_column}}}
