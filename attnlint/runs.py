"""Runs over files and folders: every source is linted, or handed to whoever changes it, and all becomes one report."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from attnlint import __version__
from attnlint.config import Configuration
from attnlint.diagnostics import Diagnostic, Problem
from attnlint.documents import open_document
from attnlint.failures import Failures, told
from attnlint.linter import lint_document
from attnlint.rule import Rule
from attnlint.sources.discovery import find_sources
from attnlint.sources.read import STDIN, read
from attnlint.syntax.stack import on_big_stack
from attnlint.syntax.text import SourceError

_COLLECT_AFTER = 1_000_000
"""Bytes of source between two collections of what was made since the last one."""


@dataclass
class Report:
    """What a run found, in order, and what it could not read."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    files: int = 0
    """Files that were read, with or without findings."""
    paths: list[str] = field(default_factory=list)
    """Their paths."""
    baselined: int = 0
    """Findings that a baseline holds; they are not among the diagnostics."""

    def add(self, other: Report) -> None:
        """Take in what a run over other sources found. What is wrong with the settings of several is told once."""
        self.diagnostics.extend(other.diagnostics)
        self.problems.extend(problem for problem in other.problems if problem not in self.problems)
        self.files += other.files
        self.paths.extend(other.paths)

    def sort(self, sources: Sequence[str]) -> None:
        """Put it in the order of the sources, whatever order they were done in."""
        places = {path: place for place, path in enumerate(sources)}
        self.diagnostics.sort(key=lambda diagnostic: diagnostic.sort_key)
        self.problems.sort(key=lambda problem: places.get(problem.path, -1))
        self.paths.sort(key=places.__getitem__)


Progress = Callable[[int, int], None]
"""Told how many of how many sources are done: none at first, all at last."""


def lint_paths(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    rules: Sequence[type[Rule]] | None = None,
    progress: Progress | None = None,
    config: Configuration | None = None,
    stdin_filename: str = STDIN,
    jobs: int | None = 1,
) -> Report:
    """Lint files and folders (``-`` is standard input) with ``rules``, by default those that ``config`` selects.

    ``Configuration()`` reads configuration files as the command line does; without it, none is read. Standard input
    counts as the file ``stdin_filename``: it is reported and configured as that one, and is the kind of document that
    the end of the name says. Nothing that is linted is imported or run, and nothing about it raises: what cannot be
    read or parsed, and a rule that raises, becomes a `Problem`; the others are reported all the same. With
    ``progress``, all sources are found before the first is read.

    Up to ``jobs`` processes, or as many as there are cores for None, share the work where there is enough of it. Where
    processes are not copied (anywhere but on Linux, or where threads run), the main module of the program must not do
    this when it is imported.
    """
    paths = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    settled = config or Configuration(isolated=True)
    if jobs != 1:
        return _in_processes(paths, rules, progress, settled, stdin_filename, jobs)
    report = Report()
    over_sources(paths, report, partial(_report, report, rules, settled), progress, settled, stdin_filename)
    return report


def _report(report: Report, rules: Sequence[type[Rule]] | None, config: Configuration, path: str, data: bytes) -> None:
    """Add what is found in one source."""
    failures = Failures()
    report.diagnostics.extend(lint_document(open_document(path, data), config.checks(path, rules), failures))
    report.problems.extend(Problem(path, None, reason) for reason in failures.told())


def _in_processes(
    paths: Iterable[str | os.PathLike[str]],
    rules: Sequence[type[Rule]] | None,
    progress: Progress | None,
    config: Configuration,
    stdin_filename: str,
    jobs: int | None,
) -> Report:
    """`lint_paths` with the files shared out; standard input stays here."""
    from attnlint import sharing

    found = list(find_sources(paths, config.scope, stdin_filename))
    files = [source for source in found if isinstance(source, str) and source != STDIN]
    shares = sharing.processes(files, jobs or sharing.cores())
    here = [source for source in found if shares == 1 or not isinstance(source, str) or source == STDIN]
    report = Report(problems=list(config.problems))
    tell = progress or (lambda done, total: None)
    _over(_counted(here, tell, len(found)), report, partial(_report, report, rules, config), stdin_filename)
    if shares > 1:
        done = len(here)
        for batch, result in sharing.shared_out(partial(_batch, rules=rules, config=config), files, shares):
            part, told = result or (Report(problems=[Problem(path, None, _ENDED) for path in batch]), [])
            report.add(part)
            for warning in told:
                warnings.warn(warning, stacklevel=2)
            done += len(batch)
            tell(done, len(found))
    names = (source.path if isinstance(source, Problem) else source for source in found)
    report.sort([stdin_filename if name == STDIN else name for name in names])
    return report


_ENDED = f"the analysis ended its process; this is a bug of attnlint {__version__}, please report it"


def _batch(
    files: Sequence[str], rules: Sequence[type[Rule]] | None, config: Configuration
) -> tuple[Report, list[Warning]]:
    """What is found in some files, and what was warned of; called in a process of its own."""
    report = Report()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        _over(files, report, partial(_report, report, rules, config), STDIN)
    return report, [one.message for one in told if isinstance(one.message, Warning)]


def over_sources(
    paths: Iterable[str | os.PathLike[str]],
    report: Report,
    handle: Callable[[str, bytes], None],
    progress: Progress | None = None,
    config: Configuration | None = None,
    stdin_filename: str = STDIN,
) -> None:
    """Hand each source that ``config`` does not exclude to ``handle``, which adds to the report what it finds. What
    cannot be found or read, and what ``handle`` raises, becomes a `Problem` of that source alone; a configuration file
    that cannot be used is one `Problem` for all its sources. The report is sorted in the end."""
    settled = config or Configuration(isolated=True)
    report.problems.extend(settled.problems)
    sources = find_sources(paths, settled.scope, stdin_filename)
    if progress is not None:
        sources = _counted(list(sources), progress)
    _over(sources, report, handle, stdin_filename)
    report.diagnostics.sort(key=lambda diagnostic: diagnostic.sort_key)


def _over(
    sources: Iterable[str | Problem], report: Report, handle: Callable[[str, bytes], None], stdin_filename: str
) -> None:
    with _collecting_by_hand():
        on_big_stack(lambda: _each(sources, report, handle, stdin_filename))


@contextmanager
def _collecting_by_hand() -> Iterator[None]:
    """Syntax trees are millions of small objects; the collector would go through them again and again while they are
    built. What has cycles is let go of every few files instead."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _counted(sources: Sequence[str | Problem], progress: Progress, total: int = 0) -> Iterator[str | Problem]:
    """The same sources; ``progress`` hears of each that is done."""
    total = total or len(sources)
    for done, source in enumerate(sources):
        progress(done, total)
        yield source
    progress(len(sources), total)


def _each(
    sources: Iterable[str | Problem], report: Report, handle: Callable[[str, bytes], None], stdin_filename: str
) -> None:
    analysed = 0
    for found in sources:
        data = found if isinstance(found, Problem) else read(found)
        if isinstance(data, Problem):
            report.problems.extend([data] if data not in report.problems else [])
            continue
        assert isinstance(found, str)
        shown = stdin_filename if found == STDIN else found
        report.files += 1
        report.paths.append(shown)
        try:
            handle(shown, data)
        except SourceError as error:
            report.problems.append(Problem(shown, error.line, error.reason))
        except Exception as error:
            report.problems.append(Problem(shown, None, told("the analysis", error)))
        analysed += len(data)
        if analysed > _COLLECT_AFTER:
            analysed = 0
            gc.collect(0)
