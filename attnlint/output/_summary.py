"""The last lines for people: how much was found, in how many files, and how much of it can be fixed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from attnlint.diagnostics import Severity, Tier
from attnlint.output import View
from attnlint.output._terminal import Ink
from attnlint.wording import counted

if TYPE_CHECKING:
    from attnlint.runs import Report

_NOUNS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.PERFORMANCE: "performance finding"}


def summary(report: Report, view: View) -> Iterator[str]:
    """The summary; nothing where only findings are wanted."""
    if not view.quiet:
        yield _found(report, Ink(view.color)) + "\n"
        yield from _fixable(report)


def _found(report: Report, ink: Ink) -> str:
    counts = Counter(diagnostic.severity for diagnostic in report.diagnostics)
    found = ", ".join(counted(counts[severity], _NOUNS[severity]) for severity in Severity if counts[severity])
    failed = f"; {counted(len(report.problems), 'problem')} on standard error" if report.problems else ""
    known = f"; {counted(report.baselined, 'finding')} in the baseline" if report.baselined else ""
    checked = f"{counted(report.files, 'file')} checked{known}{failed}."
    if not found:
        nothing = "Nothing new found" if report.baselined else "Nothing found"
        return f"{ink(nothing, 'green' if not report.problems else None, bold=True)}: {checked}"
    places = counted(len({diagnostic.path for diagnostic in report.diagnostics}), "file")
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
