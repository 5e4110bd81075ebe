"""Changing files and folders: fixing what is found in them, or silencing it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from attnlint.config import Configuration
from attnlint.diagnostics import Content, Diagnostic, Problem
from attnlint.failures import Failures
from attnlint.fixes.fixer import Fixed, Unfixable, Wanted, fix_source
from attnlint.folding import originals
from attnlint.rule import Rule
from attnlint.runs import Progress, Report, over_sources
from attnlint.sources.read import STDIN, read

Writer = Callable[[str, bytes, bytes], None]
"""Puts the new content of the file at a path into the place of the old, such as `attnlint.fixes.write`."""
Change = Callable[[bytes, str, Failures], Fixed]
"""Changes the source with that content and path, such as `attnlint.fixes.fix_source` with rules."""


@dataclass
class FixReport(Report):
    """What is left after changes, and what was changed."""

    fixed: dict[str, Fixed] = field(default_factory=dict)
    """By path, the sources in which changes were made or refused."""
    stale: dict[str, list[str]] = field(default_factory=dict)
    """By path, the sources that hold copies of what was fixed, to be generated anew; with the paths of the originals.
    Their own findings that repeat those of an original are not fixed: the edits would be overwritten."""


def fix_paths(
    paths: Iterable[str | os.PathLike[str]],
    rules: Sequence[type[Rule]] | None,
    wanted: Wanted,
    write: Writer | None,
    progress: Progress | None = None,
    config: Configuration | None = None,
    stdin_filename: str = STDIN,
    copies: bool = False,
) -> FixReport:
    """`change_paths` by `fix_source`: make the fixes that are wanted.

    A finding in a copy of linted code is left to whoever copies again, unless ``copies``. What is a copy of what is
    known when all sources are linted, so files that say that their code was copied are fixed last.
    """
    settled = config or Configuration(isolated=True)
    found: list[Diagnostic] = []
    waiting: list[str] = []

    def change(data: bytes, path: str, failures: Failures) -> Fixed:
        result = fix_source(data, path, rules, wanted, failures, settled)
        found.extend(result.found)
        if copies or path == stdin_filename or not any(each.content.origins and wanted(each) for each in result.found):
            return result
        waiting.append(path)
        return Fixed(data, data, result.found, left=result.found)

    report = change_paths(paths, change, write, progress, settled, stdin_filename)
    if not waiting:
        return report
    repeated = {copy: original for copy, original in originals(found).items() if copy.path in waiting}
    spared = {_identity(copy) for copy in repeated}

    def is_wanted(diagnostic: Diagnostic) -> bool:
        return wanted(diagnostic) and _identity(diagnostic) not in spared

    def change_rest(data: bytes, path: str, failures: Failures) -> Fixed:
        return fix_source(data, path, rules, is_wanted, failures, settled)

    _replace(report, waiting, change_paths(waiting, change_rest, write, config=settled))
    made = {_identity(each) for fixed in report.fixed.values() for each in fixed.made}
    for copy, original in repeated.items():
        if _identity(original) in made and original.path not in report.stale.get(copy.path, ()):
            report.stale.setdefault(copy.path, []).append(original.path)
    return report


def _replace(report: FixReport, paths: Sequence[str], later: FixReport) -> None:
    """Put into a report what a later one says of some of its sources."""
    kept = [each for each in report.diagnostics if each.path not in paths]
    report.diagnostics = sorted((*kept, *later.diagnostics), key=lambda diagnostic: diagnostic.sort_key)
    report.problems.extend(problem for problem in later.problems if problem not in report.problems)
    fixed = report.fixed | later.fixed
    report.fixed = {path: fixed[path] for path in report.paths if path in fixed}


def _identity(diagnostic: Diagnostic) -> tuple[str, str, Content]:
    """What a finding is known by in the passes over its file."""
    return diagnostic.path, diagnostic.code, diagnostic.content


def change_paths(
    paths: Iterable[str | os.PathLike[str]],
    change: Change,
    write: Writer | None,
    progress: Progress | None = None,
    config: Configuration | None = None,
    stdin_filename: str = STDIN,
) -> FixReport:
    """Change files and folders. Without ``write``, nothing is written and the findings of the report are those before.
    Standard input, which counts as the file ``stdin_filename``, is always written, changed or not, even where it is
    excluded or cannot be read as Python: what takes it back, such as an editor, is to have it whole.

    A file that cannot be changed or written becomes a `Problem`, and its findings are reported as they were.
    """
    report = FixReport()
    names = [os.fspath(path) for path in paths]
    handled: set[str] = set()

    def handle(path: str, data: bytes) -> None:
        failures = Failures()
        try:
            result = change(data, path, failures)
        except Unfixable as error:
            report.diagnostics.extend(error.found)
            raise
        handled.add(path)
        report.problems.extend(Problem(path, None, reason) for reason in failures.told())
        is_new = result.data != data or path == stdin_filename
        is_written = is_new and write is not None and _written(path, result.data, data, write, report)
        report.diagnostics.extend(result.left if is_written else result.found)
        if result.refused or is_written or (write is None and result.made):
            report.fixed[path] = result

    over_sources(names, report, handle, progress, config, stdin_filename)
    if write is not None and STDIN in names and stdin_filename not in handled:
        data = read(STDIN)
        if isinstance(data, bytes):
            _written(stdin_filename, data, data, write, report)
    return report


def _written(path: str, data: bytes, before: bytes, write: Writer, report: Report) -> bool:
    try:
        write(path, data, before)
    except OSError as error:
        report.problems.append(Problem(path, None, f"cannot be written: {error.strerror or error}"))
        return False
    return True
