"""Linting again and again while files change: what did not change is remembered, what did is linted anew."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING

from attnlint.diagnostics import Diagnostic, Problem
from attnlint.failures import Failures
from attnlint.linter import Report, lint_source, over_sources
from attnlint.rule import Rule
from attnlint.sources.discovery import EXCLUDED_FOLDERS
from attnlint.syntax.text import SourceError

if TYPE_CHECKING:
    from watchfiles import Change

_PAUSE = 1000
"""Milliseconds after which the watch looks about by itself: for what changed before it began, and for folders that
come back."""


@dataclass
class Memory:
    """What was found in each source, by its path, and the content in which it was found."""

    rules: Sequence[type[Rule]]
    linted: list[str] = field(default_factory=list)
    """The files that the last run linted; the others were as the run before had seen them."""
    _known: dict[str, tuple[bytes, _Outcome]] = field(default_factory=dict)

    def lint(self, paths: Sequence[str]) -> Report:
        """The report of everything, as `attnlint.linter.lint_paths` makes it. Files are found and read anew each time,
        so it does not matter how they changed: written, renamed, deleted or ignored."""
        report, known = Report(), self._known
        self._known, self.linted = {}, []

        def lint(path: str, data: bytes) -> None:
            digest = blake2b(data).digest()
            if path not in known or known[path][0] != digest:
                self.linted.append(path)
                known[path] = digest, _outcome(path, data, self.rules)
            self._known[path] = known[path]
            report.diagnostics.extend(known[path][1].diagnostics)
            report.problems.extend(known[path][1].problems)

        over_sources(paths, report, lint)
        return report


@dataclass(frozen=True)
class _Outcome:
    """What came of linting one source."""

    diagnostics: tuple[Diagnostic, ...] = ()
    problems: tuple[Problem, ...] = ()


def _outcome(path: str, data: bytes, rules: Sequence[type[Rule]]) -> _Outcome:
    failures = Failures()
    try:
        found = lint_source(data, path, rules, failures)
    except SourceError as error:
        return _Outcome(problems=(Problem(path, error.line, error.reason),))
    return _Outcome(tuple(found), tuple(Problem(path, None, reason) for reason in failures.told()))


def changes(paths: Sequence[str]) -> Iterator[None]:
    """Yields whenever something may have changed in or about ``paths``, until it is interrupted.

    Of a named file the folder is watched, as many editors write a new file and rename it. A folder that is deleted is
    looked for until it is there again.
    """
    from watchfiles import watch

    while True:
        roots = _roots(paths)
        yield
        if not roots:
            time.sleep(_PAUSE / 1000)
            continue
        batches = watch(
            *roots,
            watch_filter=partial(_matters, roots),
            rust_timeout=_PAUSE,
            yield_on_timeout=True,
            recursive=any(os.path.isdir(path) for path in paths),
            ignore_permission_denied=True,
        )
        for index, changed in enumerate(batches):
            if changed or index == 0:
                yield
            if _roots(paths) != roots:
                break


def _roots(paths: Sequence[str]) -> dict[str, tuple[int, int]]:
    """The folders to watch that are there, each with what tells it from another of its name that takes its place."""
    folders = {os.path.realpath(path if os.path.isdir(path) else os.path.dirname(path) or ".") for path in paths}
    found = {}
    for folder in sorted(folders):
        with suppress(OSError):
            status = os.stat(folder)
            found[folder] = status.st_dev, status.st_ino
    return found


def _matters(roots: Iterable[str], change: Change, path: str) -> bool:
    """Whether a file is in no folder that a search does not enter."""
    inside = (path[len(root) :] for root in roots if path.startswith(root))
    return any(EXCLUDED_FOLDERS.isdisjoint(each.split(os.sep)) for each in inside)
