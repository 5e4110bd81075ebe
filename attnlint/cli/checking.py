"""What all ways to check have in common: what is checked, and what becomes of the report."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from attnlint.cli import tolerating_closed_pipe
from attnlint.cli.baselining import Baselining
from attnlint.cli.reporting import Reporting
from attnlint.cli.stdin import forget_sources, source_lines
from attnlint.cli.telling import complain
from attnlint.output import shown, visible
from attnlint.sources.read import STDIN

if TYPE_CHECKING:
    from attnlint.baseline import Baseline
    from attnlint.config import Configuration
    from attnlint.runs import Report


@dataclass(frozen=True)
class Checking:
    """One call of ``attnlint check``, whether files are linted, changed or watched."""

    paths: Sequence[str]
    stdin_filename: str
    config: Configuration
    reporting: Reporting
    baselining: Baselining
    baseline: Baseline | None
    folds: bool
    """Whether copies are reported under their originals."""

    @property
    def hides_progress(self) -> bool:
        """Whether nobody wants to see how far it is."""
        return self.reporting.quiet or STDIN in self.paths

    def tell(self, report: Report, *, err: bool = False, endures: bool = True) -> int:
        """Report what is new, and what could not be checked; the exit status. Unless it ``endures``, a reader that has
        left ends the run."""
        named = [self.stdin_filename if path == STDIN else path for path in self.paths]
        self.baselining.settle(self.baseline, report, named, self.config, self.reporting.quiet)
        if self.folds and any(each.content.origins for each in report.diagnostics):
            from attnlint.folding import fold

            report.diagnostics = fold(report.diagnostics)
        forget_sources()
        with tolerating_closed_pipe() if endures else nullcontext():
            self.reporting.put(report, partial(source_lines, self.stdin_filename), err)
        return self.complain(report, bool(report.diagnostics))

    def complain(self, report: Report, is_dirty: bool) -> int:
        """Say what could not be checked; the exit status."""
        for problem in report.problems:
            place = shown(problem.path) if problem.line is None else f"{shown(problem.path)}:{problem.line}"
            complain(f"{place}: {visible(problem.reason)}")
        if not report.files and not report.problems and not self.reporting.quiet:
            complain("attnlint: no files to check found")
        return self.reporting.status(report, is_dirty)
