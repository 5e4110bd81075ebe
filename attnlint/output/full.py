"""For people: each finding with its code, the places that explain it and the way out; a summary at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attnlint.diagnostics import Diagnostic, Related, Severity, Tier, position
from attnlint.output import View
from attnlint.output._copies import in_copies
from attnlint.output._frame import Frame
from attnlint.output._statistics import table as statistics
from attnlint.output._summary import summary
from attnlint.output._terminal import Ink, flowing, shown

if TYPE_CHECKING:
    from attnlint.runs import Report

_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.PERFORMANCE: "magenta"}

__all__ = ["render", "statistics"]


def render(report: Report, view: View) -> Iterator[str]:
    """Every finding as a block of lines, then the summary."""
    ink = Ink(view.color)
    for diagnostic in report.diagnostics:
        yield "\n".join(_block(diagnostic, view, ink)) + "\n\n"
    yield from summary(report, view)


def _block(diagnostic: Diagnostic, view: View, ink: Ink) -> Iterator[str]:
    color = _COLORS[diagnostic.severity]
    spans = [diagnostic.span, *(related.span for related in diagnostic.related)]
    gutter = len(str(max(span.end_line for span in spans) + 1))
    label = ink(f"{diagnostic.severity.value}[{diagnostic.code}]", color, bold=True)
    yield f"{label} {ink(diagnostic.name, bold=True)}: {flowing(diagnostic.message)}"
    yield _arrow(diagnostic, gutter, ink)
    yield from Frame(gutter, ink, "^", color).draw(
        view.lines(diagnostic.path, diagnostic.cell), diagnostic.span, context=1
    )
    for related in diagnostic.related:
        yield _arrow(related, gutter, ink) + f" {flowing(related.message)}"
        yield from Frame(gutter, ink, "-", "blue").draw(view.lines(related.path, related.cell), related.span)
    yield from (f"{' ' * gutter} {ink('=', 'blue')} {note}" for note in _notes(diagnostic, ink))


def _arrow(at: Diagnostic | Related, gutter: int, ink: Ink) -> str:
    return f"{' ' * gutter}{ink('-->', 'blue')} {shown(at.path)}:{position(at)}"


def _notes(diagnostic: Diagnostic, ink: Ink) -> Iterator[str]:
    if diagnostic.copies:
        yield f"{ink('copies', 'cyan', bold=True)}: {in_copies(diagnostic)}"
    fix = diagnostic.fix
    if fix:
        trust = "" if fix.tier is Tier.MANUAL else f" ({fix.tier.value} fix)"
        yield f"{ink('help', 'cyan', bold=True)}: {flowing(fix.title)}{trust}"
    yield f"{ink('more', 'cyan', bold=True)}: attnlint rule {diagnostic.code}"
