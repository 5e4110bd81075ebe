"""Fixing files and folders."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from attnlint.diagnostics import Content, Diagnostic, Problem
from attnlint.failures import Failures
from attnlint.fixes.fixer import Fixed, Wanted, fix_source
from attnlint.folding import originals
from attnlint.linter import Report, lint_paths, over_sources
from attnlint.rule import Rule
from attnlint.sources.read import STDIN

Writer = Callable[[str, bytes], None]


@dataclass
class FixReport(Report):
    """What is left after fixing, and what was fixed."""

    fixed: dict[str, Fixed] = field(default_factory=dict)
    """By path, the sources in which fixes were made or refused."""
    stale: dict[str, list[str]] = field(default_factory=dict)
    """By path, the sources that hold copies of what was fixed, to be generated anew; with the paths of the originals.
    Their own findings that repeat those of an original are not fixed: the edits would be overwritten."""


def fix_paths(
    paths: Iterable[str | os.PathLike[str]],
    rules: Sequence[type[Rule]],
    wanted: Wanted,
    write: Writer | None,
    copies: bool = False,
) -> FixReport:
    """Fix files and folders. ``write`` puts the new content of a file into place; with None, nothing is written and the
    findings of the report are those before. Standard input is always written, changed or not.

    A finding in a copy of linted code is left to whoever copies again, unless ``copies``. A file that cannot be fixed
    or written becomes a `Problem`, and its findings are reported as they were.
    """
    before = lint_paths(paths, rules)
    report = FixReport(before.diagnostics, before.problems, before.files, before.paths)
    repeated = {} if copies else originals(before.diagnostics)
    spared = {_identity(copy) for copy in repeated}

    def is_wanted(diagnostic: Diagnostic) -> bool:
        return wanted(diagnostic) and _identity(diagnostic) not in spared

    _fix(report, rules, is_wanted, write)
    made = {_identity(each) for fixed in report.fixed.values() for each in fixed.made}
    for copy, original in repeated.items():
        if _identity(original) in made and original.path not in report.stale.get(copy.path, ()):
            report.stale.setdefault(copy.path, []).append(original.path)
    return report


def _fix(report: FixReport, rules: Sequence[type[Rule]], wanted: Wanted, write: Writer | None) -> None:
    """Fix the files of a report that have something to fix."""
    left: dict[str, list[Diagnostic]] = {}

    def fix(path: str, data: bytes) -> None:
        failures = Failures()
        result = fix_source(data, path, rules, wanted, failures)
        told = (Problem(path, None, reason) for reason in failures.told())
        report.problems.extend(problem for problem in told if problem not in report.problems)
        is_new = result.data != data or path == STDIN
        is_written = is_new and write is not None and _written(path, result.data, write, report)
        left[path] = result.left if is_written else result.found
        if result.refused or is_written or (write is None and result.made):
            report.fixed[path] = result

    todo = {each.path for each in report.diagnostics if wanted(each)} | {STDIN}
    fixing = Report()
    over_sources([path for path in report.paths if path in todo], fixing, fix)
    report.problems.extend(problem for problem in fixing.problems if problem not in report.problems)
    kept = [each for each in report.diagnostics if each.path not in left]
    report.diagnostics = sorted((each for some in (kept, *left.values()) for each in some), key=lambda d: d.sort_key)


def _identity(diagnostic: Diagnostic) -> tuple[str, str, Content]:
    """What a finding is known by in the passes over its file."""
    return diagnostic.path, diagnostic.code, diagnostic.content


def _written(path: str, data: bytes, write: Writer, report: Report) -> bool:
    try:
        write(path, data)
    except OSError as error:
        report.problems.append(Problem(path, None, f"cannot be written: {error.strerror or error}"))
        return False
    return True
