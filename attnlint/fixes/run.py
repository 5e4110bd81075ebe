"""Fixing files and folders."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from attnlint.diagnostics import Problem
from attnlint.failures import Failures
from attnlint.fixes.fixer import Fixed, Wanted, fix_source
from attnlint.linter import Progress, Report, over_sources
from attnlint.rule import Rule
from attnlint.sources.read import STDIN

Writer = Callable[[str, bytes], None]


@dataclass
class FixReport(Report):
    """What is left after fixing, and what was fixed."""

    fixed: dict[str, Fixed] = field(default_factory=dict)
    """By path, the sources in which fixes were made or refused."""


def fix_paths(
    paths: Iterable[str | os.PathLike[str]],
    rules: Sequence[type[Rule]],
    wanted: Wanted,
    write: Writer | None,
    progress: Progress | None = None,
) -> FixReport:
    """Fix files and folders. ``write`` puts the new content of a file into place; with None, nothing is written and the
    findings of the report are those before. Standard input is always written, changed or not.

    A file that cannot be fixed or written becomes a `Problem`, and its findings are reported as they were.
    """
    report = FixReport()

    def fix(path: str, data: bytes) -> None:
        failures = Failures()
        result = fix_source(data, path, rules, wanted, failures)
        report.problems.extend(Problem(path, None, reason) for reason in failures.told())
        is_new = result.data != data or path == STDIN
        is_written = is_new and write is not None and _written(path, result.data, write, report)
        report.diagnostics.extend(result.left if is_written else result.found)
        if result.refused or is_written or (write is None and result.made):
            report.fixed[path] = result

    over_sources(paths, report, fix, progress)
    return report


def _written(path: str, data: bytes, write: Writer, report: Report) -> bool:
    try:
        write(path, data)
    except OSError as error:
        report.problems.append(Problem(path, None, f"cannot be written: {error.strerror or error}"))
        return False
    return True
