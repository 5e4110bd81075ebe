"""For programs that read a stream: the objects of the format ``json``, one a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attnlint.output import View
from attnlint.output._escapes import dumped
from attnlint.output._statistics import objects
from attnlint.output.json import finding

if TYPE_CHECKING:
    from attnlint.runs import Report


def render(report: Report, view: View) -> Iterator[str]:
    """One line a finding."""
    yield from (dumped(finding(found)) + "\n" for found in report.diagnostics)


def statistics(report: Report, view: View) -> Iterator[str]:
    """One line a code."""
    yield from (dumped(count) + "\n" for count in objects(report))
