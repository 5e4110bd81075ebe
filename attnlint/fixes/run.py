"""Changing files and folders: fixing what is found in them, or silencing it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from attnlint.config import Configuration
from attnlint.diagnostics import Problem
from attnlint.failures import Failures
from attnlint.fixes.fixer import Fixed, Wanted, fix_source
from attnlint.linter import Progress, Report, over_sources
from attnlint.rule import Rule
from attnlint.sources.read import STDIN

Writer = Callable[[str, bytes], None]
"""Puts the new content of the file at a path into place."""
Change = Callable[[bytes, str, Failures], Fixed]
"""Changes the source with that content and path, such as `attnlint.fixes.fix_source` with rules."""


@dataclass
class FixReport(Report):
    """What is left after changes, and what was changed."""

    fixed: dict[str, Fixed] = field(default_factory=dict)
    """By path, the sources in which changes were made or refused."""


def fix_paths(
    paths: Iterable[str | os.PathLike[str]],
    rules: Sequence[type[Rule]] | None,
    wanted: Wanted,
    write: Writer | None,
    progress: Progress | None = None,
    config: Configuration | None = None,
) -> FixReport:
    """`change_paths` by `fix_source`: make the fixes that are wanted."""
    settled = config or Configuration(isolated=True)

    def change(data: bytes, path: str, failures: Failures) -> Fixed:
        return fix_source(data, path, rules, wanted, failures, settled)

    return change_paths(paths, change, write, progress, settled)


def change_paths(
    paths: Iterable[str | os.PathLike[str]],
    change: Change,
    write: Writer | None,
    progress: Progress | None = None,
    config: Configuration | None = None,
) -> FixReport:
    """Change files and folders. Without ``write``, nothing is written and the findings of the report are those before.
    Standard input is always written, changed or not.

    A file that cannot be changed or written becomes a `Problem`, and its findings are reported as they were.
    """
    report = FixReport()

    def handle(path: str, data: bytes) -> None:
        failures = Failures()
        result = change(data, path, failures)
        report.problems.extend(Problem(path, None, reason) for reason in failures.told())
        is_new = result.data != data or path == STDIN
        is_written = is_new and write is not None and _written(path, result.data, write, report)
        report.diagnostics.extend(result.left if is_written else result.found)
        if result.refused or is_written or (write is None and result.made):
            report.fixed[path] = result

    over_sources(paths, report, handle, progress, config)
    return report


def _written(path: str, data: bytes, write: Writer, report: Report) -> bool:
    try:
        write(path, data)
    except OSError as error:
        report.problems.append(Problem(path, None, f"cannot be written: {error.strerror or error}"))
        return False
    return True
