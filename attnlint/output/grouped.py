"""For people who go through files one by one: the findings of each file under its name."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from attnlint.diagnostics import Diagnostic, position
from attnlint.output import View
from attnlint.output._copies import remark
from attnlint.output._statistics import table as statistics
from attnlint.output._summary import summary
from attnlint.output._terminal import Ink, flowing, shown

if TYPE_CHECKING:
    from attnlint.runs import Report

__all__ = ["render", "statistics"]


def render(report: Report, view: View) -> Iterator[str]:
    """A block of lines for each file, then the summary."""
    ink = Ink(view.color)
    for path, found in groupby(report.diagnostics, key=lambda diagnostic: diagnostic.path):
        yield ink(shown(path), bold=True) + "\n"
        yield from _block(list(found), ink)
        yield "\n"
    yield from summary(report, view)


def _block(found: list[Diagnostic], ink: Ink) -> Iterator[str]:
    places = [position(diagnostic) for diagnostic in found]
    widest = max(map(len, places))
    for place, diagnostic in zip(places, found, strict=True):
        label = f"{ink(diagnostic.code, 'red', bold=True)} {diagnostic.name}"
        message = flowing(diagnostic.message)
        yield f"  {place:<{widest}}  {label}: {message}{remark(diagnostic)}\n"
