"""For editors and grep: one line a finding, ``path:line:column: CODE message``, in notebooks
``path:cell 3:line:column: …``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attnlint.diagnostics import position
from attnlint.output import View
from attnlint.output._copies import remark
from attnlint.output._statistics import table as statistics
from attnlint.output._terminal import Ink, flowing, shown

if TYPE_CHECKING:
    from attnlint.runs import Report

__all__ = ["render", "statistics"]


def render(report: Report, view: View) -> Iterator[str]:
    """One line a finding."""
    ink = Ink(view.color)
    for found in report.diagnostics:
        message = flowing(found.message)
        place = f"{ink(shown(found.path), bold=True)}:{position(found)}"
        yield f"{place}: {ink(found.code, 'red', bold=True)} {message}{remark(found)}\n"
