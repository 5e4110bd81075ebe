"""Linting again and again while files change: what did not change is remembered, what did is linted anew."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from attnlint.config import ConfigError, Configuration, Settings
from attnlint.diagnostics import Diagnostic, Problem
from attnlint.failures import Failures
from attnlint.linter import lint_source
from attnlint.runs import Progress, Report, over_sources
from attnlint.syntax.text import SourceError

if TYPE_CHECKING:
    from watchfiles import Change

_PAUSE = 1000
"""Milliseconds after which the watch looks about by itself: for what changed before it began, for folders that come
back, and for settings from elsewhere."""


_State = tuple[bytes, Settings]


@dataclass
class Memory:
    """What was found in each source, by its path, and the content and settings with which it was found."""

    linted: list[str] = field(default_factory=list)
    """The files that the last run linted; the others were as the run before had seen them."""
    _known: dict[str, tuple[_State, _Outcome]] = field(default_factory=dict)

    def lint(self, paths: Sequence[str], config: Configuration, progress: Progress | None = None) -> Report:
        """The report of everything, as `attnlint.runs.lint_paths` makes it. Files are found and read anew each time,
        so it does not matter how they changed: written, renamed, deleted or ignored."""
        report, known = Report(), self._known
        self._known, self.linted = {}, []

        def lint(path: str, data: bytes) -> None:
            state = blake2b(data).digest(), config.settings(path)
            if path not in known or known[path][0] != state:
                self.linted.append(path)
                known[path] = state, _outcome(path, data, config)
            self._known[path] = known[path]
            report.diagnostics.extend(known[path][1].diagnostics)
            report.problems.extend(known[path][1].problems)

        over_sources(paths, report, lint, progress, config)
        return report


@dataclass(frozen=True)
class _Outcome:
    """What came of linting one source."""

    diagnostics: tuple[Diagnostic, ...] = ()
    problems: tuple[Problem, ...] = ()


def _outcome(path: str, data: bytes, config: Configuration) -> _Outcome:
    failures = Failures()
    try:
        found = lint_source(data, path, None, failures, config)
    except SourceError as error:
        return _Outcome(problems=(Problem(path, error.line, error.reason),))
    return _Outcome(tuple(found), tuple(Problem(path, None, reason) for reason in failures.told()))


def changes(
    paths: Sequence[str], config: Configuration, state: Callable[[Configuration], object] = lambda _: None
) -> Iterator[Configuration]:
    """Yields whenever something may have changed in or about ``paths``, until it is interrupted: the configuration as
    its files are now. ``state`` is asked for what else matters, and compared with what it said before.

    Folders are watched with all in them, and of files nothing but themselves. What is deleted, or replaced, as many
    editors do with the files they write, is looked for and watched again.
    """
    from watchfiles import Change, watch

    while True:
        roots, current = _roots(paths), config.reread()
        settings, others = _settings(roots, current), state(current)
        yield current
        if not roots:
            time.sleep(_PAUSE / 1000)
            continue
        batches = watch(
            *roots,
            watch_filter=partial(_matters, roots, current),
            rust_timeout=_PAUSE,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        )
        for index, changed in enumerate(batches):
            current = config.reread()
            is_lost = any(change is Change.deleted and path in roots for change, path in changed)
            if is_lost or _roots(paths) != roots or _settings(roots, current) != settings or state(current) != others:
                break
            if changed or index == 0:
                yield current


def _roots(paths: Sequence[str]) -> dict[str, tuple[int, int]]:
    """The files and folders to watch that are there, each with what tells it from another that takes its place."""
    found = {}
    for root in sorted(set(map(os.path.realpath, paths))):
        with suppress(OSError):
            status = os.stat(root)
            found[root] = status.st_dev, status.st_ino
    return found


def _settings(roots: Iterable[str], config: Configuration) -> list[object]:
    """What holds for the run and for what is watched; it may come from files that are not watched."""
    found: list[object] = [config.of_run()]
    for root in roots:
        try:
            found.append(config.settings(os.path.join(root, "") if os.path.isdir(root) else root))
        except ConfigError as error:
            found.append(str(error))
    return found


def _matters(roots: Iterable[str], config: Configuration, change: Change, path: str) -> bool:
    """Whether a file is one of those that are watched, or a search of one of the folders comes by it."""
    return any(path == root or _comes_by(root, config, path) for root in roots if _is_in(path, root))


def _is_in(path: str, root: str) -> bool:
    return path == root or path.startswith(os.path.join(root, ""))


def _comes_by(root: str, config: Configuration, path: str) -> bool:
    exclude = config.scope(root).exclude.sparing(root)
    folders = takewhile(lambda folder: folder != root, map(str, Path(path).parents))
    return not any(exclude.matches(folder, is_folder=True) for folder in folders)
