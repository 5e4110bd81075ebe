"""For people: each finding with its code, the places that explain it and the way out; a summary at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from attnlint.diagnostics import Diagnostic, Severity, Span, Tier
from attnlint.output import View
from attnlint.output._copies import in_copies
from attnlint.output._frame import Frame
from attnlint.output._terminal import Ink, visible

if TYPE_CHECKING:
    from attnlint.linter import Report

_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.PERFORMANCE: "magenta"}
_NOUNS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.PERFORMANCE: "performance finding"}


def render(report: Report, view: View) -> Iterator[str]:
    """Every finding as a block of lines, then one line that sums up."""
    ink = Ink(view.color)
    for diagnostic in report.diagnostics:
        yield "\n".join(_block(diagnostic, view, ink)) + "\n\n"
    yield _summary(report, ink) + "\n"
    yield from _fixable(report)


def _block(diagnostic: Diagnostic, view: View, ink: Ink) -> Iterator[str]:
    color = _COLORS[diagnostic.severity]
    spans = [diagnostic.span, *(related.span for related in diagnostic.related)]
    gutter = len(str(max(span.end_line for span in spans) + 1))
    label = ink(f"{diagnostic.severity.value}[{diagnostic.code}]", color, bold=True)
    yield f"{label} {ink(diagnostic.name, bold=True)}: {_flowing(diagnostic.message)}"
    yield _arrow(diagnostic.path, diagnostic.span, gutter, ink)
    yield from Frame(gutter, ink, "^", color).draw(view.lines(diagnostic.path), diagnostic.span, context=1)
    for related in diagnostic.related:
        yield _arrow(related.path, related.span, gutter, ink) + f" {_flowing(related.message)}"
        yield from Frame(gutter, ink, "-", "blue").draw(view.lines(related.path), related.span)
    yield from (f"{' ' * gutter} {ink('=', 'blue')} {note}" for note in _notes(diagnostic, ink))


def _arrow(path: str, span: Span, gutter: int, ink: Ink) -> str:
    return f"{' ' * gutter}{ink('-->', 'blue')} {visible(path)}:{span.line}:{span.column}"


def _notes(diagnostic: Diagnostic, ink: Ink) -> Iterator[str]:
    if diagnostic.copies:
        yield f"{ink('copies', 'cyan', bold=True)}: {in_copies(diagnostic)}"
    fix = diagnostic.fix
    if fix:
        trust = "" if fix.tier is Tier.MANUAL else f" ({fix.tier.value} fix)"
        yield f"{ink('help', 'cyan', bold=True)}: {_flowing(fix.title)}{trust}"
    yield f"{ink('more', 'cyan', bold=True)}: attnlint rule {diagnostic.code}"


def _flowing(message: str) -> str:
    return visible(" ".join(message.split()))


def _summary(report: Report, ink: Ink) -> str:
    counts = Counter(diagnostic.severity for diagnostic in report.diagnostics)
    found = ", ".join(_count(counts[severity], _NOUNS[severity]) for severity in Severity if counts[severity])
    failed = f"; {_count(len(report.problems), 'problem')} on standard error" if report.problems else ""
    known = f"; {_count(report.baselined, 'finding')} in the baseline" if report.baselined else ""
    checked = f"{_count(report.files, 'file')} checked{known}{failed}."
    if not found:
        nothing = "Nothing new found" if report.baselined else "Nothing found"
        return f"{ink(nothing, 'green' if not report.problems else None, bold=True)}: {checked}"
    places = _count(len({diagnostic.path for diagnostic in report.diagnostics}), "file")
    return f"{ink('Found ' + found, bold=True)} in {places}; {checked}"


def _fixable(report: Report) -> Iterator[str]:
    """How many findings could be fixed, and how."""
    tiers = Counter(found.fix.tier for found in report.diagnostics if found.fix is not None and found.fix.edits)
    safe, unsafe = tiers[Tier.SAFE], tiers[Tier.UNSAFE]
    if safe:
        more = f", {unsafe} more with --fix --unsafe-fixes" if unsafe else ""
        yield f"{safe} fixable with --fix{more}.\n"
    elif unsafe:
        yield f"{unsafe} fixable with --fix --unsafe-fixes.\n"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
