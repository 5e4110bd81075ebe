"""Runs over files and folders: every source is linted, or handed to whoever changes it, and all becomes one report."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from attnlint import __version__
from attnlint.collecting import by_hand, collect
from attnlint.config import Configuration
from attnlint.diagnostics import Diagnostic, Problem
from attnlint.documents import open_document
from attnlint.failures import Failures, told
from attnlint.linter import lint_document, load_engine
from attnlint.rule import Rule
from attnlint.sources.discovery import find_sources
from attnlint.sources.read import STDIN, is_file, read
from attnlint.syntax.stack import on_big_stack
from attnlint.syntax.text import SourceError
from attnlint.time_limit import overseen

if TYPE_CHECKING:
    from attnlint.cache import Cache
    from attnlint.identity import Keys

_COLLECT_AFTER = 500_000
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
    _told: set[Problem] = field(default_factory=set, repr=False, compare=False)
    """The problems, to be looked up."""

    def add(self, other: Report) -> None:
        """Take in what a run over other sources found. What is wrong with the settings of several is told once."""
        self.diagnostics.extend(other.diagnostics)
        self.tell(other.problems)
        self.files += other.files
        self.paths.extend(other.paths)

    def tell(self, problems: Iterable[Problem]) -> None:
        """Add what is not told yet."""
        if len(self._told) != len(self.problems):
            self._told = set(self.problems)
        for problem in problems:
            if problem not in self._told:
                self._told.add(problem)
                self.problems.append(problem)

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
    cache: Cache | None = None,
) -> Report:
    """Lint files and folders (``-`` is standard input) with ``rules``, by default those that ``config`` selects.

    ``Configuration()`` reads configuration files as the command line does; without it, none is read. Standard input
    counts as the file ``stdin_filename``: it is reported and configured as that one, and is the kind of document that
    the end of the name says. Nothing that is linted is imported or run, and nothing about it raises: what cannot be
    read or parsed, and a rule that raises, becomes a `Problem`; the others are reported all the same. With
    ``progress``, all sources are found before the first is read.

    Up to ``jobs`` processes, or as many as there are cores for None, share the work where there is enough of it. Where
    processes are not copied (anywhere but on Linux, or where threads run), the main module of the program must not do
    this when it is imported. What ``cache`` knows of a file is not found again, unless there are ``rules``.
    """
    paths = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    settled = config or Configuration(isolated=True)
    keys = _keys(settled) if cache is not None and rules is None else None
    if jobs != 1 or keys is not None:
        found = list(find_sources(paths, settled.scope, stdin_filename))
        tell = progress or (lambda done, total: None)
        return _Run(found, rules, settled, tell, cache, keys).report(jobs, stdin_filename)
    report = Report()
    over_sources(paths, report, _Linting(report, rules, settled).lint, progress, settled, stdin_filename)
    return report


def _keys(config: Configuration) -> Keys | None:
    from attnlint.identity import Keys, code

    known = code()
    return Keys(config, known) if known is not None else None


Results = dict[bytes, list[Diagnostic]]


@dataclass
class _Linting:
    """Lints one source after the other into a report."""

    report: Report
    rules: Sequence[type[Rule]] | None
    config: Configuration
    keys: Keys | None = None
    results: Results = field(default_factory=dict)
    """What was found, by its key, where there are keys and nothing went wrong."""

    def lint(self, path: str, data: bytes) -> None:
        """Add what is found in one source."""
        failures = Failures()
        found = lint_document(open_document(path, data), self.config.checks(path, self.rules), failures)
        raised = [Problem(path, None, reason) for reason in failures.told()]
        self.report.diagnostics.extend(found)
        self.report.problems.extend(raised)
        key = self.keys.of(path, data) if self.keys is not None and not raised else None
        if key is not None:
            self.results[key] = found


Linted = tuple[Report, Results, list[Warning]]


@dataclass
class _Run:
    """A run whose sources are known: the cache tells of some, the others are linted here or shared out."""

    sources: Sequence[str | Problem]
    rules: Sequence[type[Rule]] | None
    config: Configuration
    progress: Progress
    cache: Cache | None
    keys: Keys | None

    def report(self, jobs: int | None, stdin_filename: str) -> Report:
        """What is found; standard input is linted in this process."""
        from attnlint import sharing, workers

        report = Report(problems=list(self.config.problems))
        files = [source for source in self.sources if isinstance(source, str) and is_file(source)]
        shareable = frozenset(files)
        rest = [source for source in self.sources if source not in shareable]
        left = self._recall(files, report)
        _over(self._counted(rest, report.files), report, _Linting(report, self.rules, self.config).lint, stdin_filename)
        shares = sharing.processes(left, jobs or sharing.cores())
        work = partial(_batch, rules=self.rules, config=self.config, keys=self.keys)
        done = len(self.sources) - len(left)
        if shares == 1:
            self._take(report, [(left, work(self._counted(left, done)))], done)
        else:
            if workers.are_copies():
                load_engine()  # once, for all of them
            self._take(report, sharing.shared_out(work, left, shares), done)
        names = (source.path if isinstance(source, Problem) else source for source in self.sources)
        report.sort([stdin_filename if name == STDIN else name for name in names])
        return report

    def _recall(self, files: Sequence[str], report: Report) -> Sequence[str]:
        """Report what is known of files; returns the others."""
        if self.cache is None or self.keys is None:
            return files
        from attnlint.cache import placed

        keys = {}
        for path in files:
            data = read(path)
            if not isinstance(data, Problem):
                keys[path] = self.keys.of(path, data)
        known = self.cache.found(key for key in keys.values() if key is not None)
        for path, key in keys.items():
            if key in known:
                report.add(Report(placed(known[key], path), files=1, paths=[path]))
        return [path for path in files if keys.get(path) not in known]

    def _take(self, report: Report, batches: Iterable[tuple[Sequence[str], Linted | None]], done: int) -> None:
        """Report what was found in other processes, and keep it unless there was something to warn of, too."""
        kept: Results = {}
        warned = False
        for batch, linted in batches:
            part, results, told = linted or (Report(problems=[Problem(path, None, _ENDED) for path in batch]), {}, [])
            report.add(part)
            kept |= results
            warned = warned or bool(told)
            for warning in told:
                warnings.warn(warning, stacklevel=2)
            done += len(batch)
            self.progress(done, len(self.sources))
        if self.cache is not None and not warned:
            self.cache.keep(kept)

    def _counted(self, sources: Sequence[str | Problem], done: int) -> Iterator[str | Problem]:
        return _counted(sources, self.progress, done, len(self.sources))


_ENDED = f"the analysis ended its process; this is a bug of attnlint {__version__}, please report it"


def _batch(
    files: Iterable[str | Problem],
    rules: Sequence[type[Rule]] | None,
    config: Configuration,
    keys: Keys | None,
) -> Linted:
    """What is found in some files, and what was warned of; called in a process of its own."""
    linting = _Linting(Report(), rules, config, keys)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        _over(files, linting.report, linting.lint, STDIN)
    return linting.report, linting.results, [one.message for one in told if isinstance(one.message, Warning)]


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
    sources: Iterable[str | Problem],
    report: Report,
    handle: Callable[[str, bytes], None],
    stdin_filename: str,
) -> None:
    with by_hand():
        on_big_stack(lambda: _each(sources, report, handle, stdin_filename), overseen)


def _counted(
    sources: Sequence[str | Problem], progress: Progress, before: int = 0, total: int = 0
) -> Iterator[str | Problem]:
    """The same sources; ``progress`` hears of each that is done, after those that were done before."""
    total = total or len(sources)
    for done, source in enumerate(sources, before):
        progress(done, total)
        yield source
    progress(before + len(sources), total)


def _each(
    sources: Iterable[str | Problem],
    report: Report,
    handle: Callable[[str, bytes], None],
    stdin_filename: str,
) -> None:
    analysed = 0
    for found in sources:
        data = found if isinstance(found, Problem) else read(found)
        if isinstance(data, Problem):
            report.tell([data])
            continue
        assert isinstance(found, str)
        shown = stdin_filename if found == STDIN else found
        report.files += 1
        report.paths.append(shown)
        try:
            handle(shown, data)
        except SourceError as error:
            report.tell([Problem(shown, error.line, error.reason)])
        except Exception as error:
            report.tell([Problem(shown, None, told("the analysis", error))])
        analysed += len(data)
        if analysed > _COLLECT_AFTER:
            analysed = 0
            collect()
