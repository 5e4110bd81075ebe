"""For editors and grep: one line a finding, ``path:line:column: CODE message``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attnlint.output import View
from attnlint.output._copies import in_copies
from attnlint.output._terminal import Ink, visible

if TYPE_CHECKING:
    from attnlint.linter import Report


def render(report: Report, view: View) -> Iterator[str]:
    """One line a finding."""
    ink = Ink(view.color)
    for found in report.diagnostics:
        place = f"{ink(visible(found.path), bold=True)}:{found.span.line}:{found.span.column}"
        copies = f" ({in_copies(found)})" if found.copies else ""
        yield f"{place}: {ink(found.code, 'red', bold=True)} {visible(' '.join(found.message.split()))}{copies}\n"
