"""What is found in documents, on a thread of its own and never twice for the same text."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from attnlint.collecting import by_hand, collect
from attnlint.config import ConfigError
from attnlint.diagnostics import Diagnostic
from attnlint.documents import open_document
from attnlint.documents.base import Document
from attnlint.failures import Failures, told
from attnlint.fingerprints import fingerprints
from attnlint.incremental import Session
from attnlint.rule import Rule
from attnlint.server.projects import Project, Projects
from attnlint.server.snapshots import Snapshot
from attnlint.syntax.text import SourceError
from attnlint.time_limit import OutOfTime

T = TypeVar("T")
_TIDY_AFTER = 0.3
"""Seconds after an analysis: longer than between two keystrokes of someone who types."""
_UNTIDIED = 16
"""Analyses after which that is not waited for."""


class Outdated(Exception):
    """A document was changed or closed before anybody looked at it: the answer would be about what is gone."""


class _Watched(Failures):
    """The rules that raised in an analysis which is given up, between two questions, once nobody waits for it."""

    def __init__(self, is_wanted: Callable[[], bool], uri: str) -> None:
        super().__init__()
        self._is_wanted = is_wanted
        self._uri = uri

    def asking(
        self, rule: Rule, question: Callable[[], Iterable[T]], line: int | None = None
    ) -> Iterator[tuple[Rule, T]]:
        """What a rule answers. Raises `Outdated`."""
        if not self._is_wanted():
            raise Outdated(self._uri)
        return super().asking(rule, question, line)


@dataclass(frozen=True)
class Analysis:
    """What was found in a document as it was."""

    snapshot: Snapshot
    project: Project
    found: tuple[Diagnostic, ...] = ()
    error: SourceError | None = None
    """Why it could not be read."""
    complaint: str | None = None
    """What is wrong with its configuration."""
    messages: tuple[str, ...] = ()
    """What went wrong in attnlint itself."""

    @cached_property
    def document(self) -> Document:
        """The document, for questions about places in it."""
        return open_document(self.snapshot.path, self.snapshot.content)

    @cached_property
    def identities(self) -> tuple[str, ...]:
        """What each finding is known by, also in other versions of the text."""
        return tuple(fingerprints(self.found, self.document.parts)) if self.found else ()


@dataclass
class Analyses:
    """Looks at documents, one at a time."""

    projects: Projects
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "attnlint"))
    _current: dict[str, Snapshot] = field(default_factory=dict)
    _sessions: dict[str, tuple[str, Session]] = field(default_factory=dict)
    _running: dict[str, tuple[Snapshot, int, asyncio.Future[Analysis]]] = field(default_factory=dict)
    _tidying: asyncio.TimerHandle | None = None
    _untidied: int = 0
    _uncollected: ExitStack = field(default_factory=ExitStack)
    """Holds the collector off from the first analysis until they are collected after."""
    _is_stopped: bool = False
    is_busy: bool = False
    """Whether work is under way."""

    def note(self, snapshot: Snapshot) -> Snapshot:
        """Take what a document is now; what it was before is not looked at any more. One that is the same stays."""
        if self._current.get(snapshot.uri) != snapshot:
            self._current[snapshot.uri] = snapshot
        return self._current[snapshot.uri]

    def close(self, uri: str) -> None:
        """Forget a document."""
        for known in (self._current, self._sessions, self._running):
            known.pop(uri, None)

    @property
    def open(self) -> list[str]:
        """The addresses of all documents."""
        return list(self._current)

    def current(self, uri: str) -> Snapshot | None:
        """What a document is now; None for one that is not open."""
        return self._current.get(uri)

    def is_current(self, snapshot: Snapshot) -> bool:
        """Whether a document is as it was."""
        return self._current.get(snapshot.uri) is snapshot

    async def of(self, snapshot: Snapshot) -> Analysis:
        """What is found in a document. Raises `Outdated` where it is another one by now."""
        known = self._running.get(snapshot.uri)
        if known is None or known[0] is not snapshot or known[1] != self.projects.generation:
            project = self.projects.of(snapshot.path)
            future = asyncio.ensure_future(self.do(snapshot, lambda: self._analysed(snapshot, project)))
            future.add_done_callback(lambda done: done.cancelled() or done.exception())
            future.add_done_callback(lambda _: self._tidy_soon())
            known = self._running[snapshot.uri] = (snapshot, self.projects.generation, future)
        analysis = await asyncio.shield(known[2])
        if not self.is_current(snapshot):
            raise Outdated(snapshot.uri)
        return analysis

    async def do(self, snapshot: Snapshot, work: Callable[[], T]) -> T:
        """Do some work about a document behind all other work. Raises `Outdated` where it is another one by then."""

        def begin() -> T:
            if not self.is_current(snapshot):
                raise Outdated(snapshot.uri)
            self.is_busy = True
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    return work()
            finally:
                self.is_busy = False

        return await asyncio.get_running_loop().run_in_executor(self._thread, begin)

    def _tidy_soon(self) -> None:
        """Collect what the analyses left, once the client has been told of them and nothing else is to do; after many
        of them all the same."""
        if self._is_stopped:
            return
        if self._tidying is not None:
            self._tidying.cancel()
        self._untidied += 1
        wait = _TIDY_AFTER if self._untidied < _UNTIDIED else 0.0
        self._tidying = asyncio.get_running_loop().call_later(wait, self._tidy)

    def _tidy(self) -> None:
        """Collect between two analyses: what one of them is making would count as old."""
        self._untidied = 0
        self._thread.submit(self._collect)

    def _collect(self) -> None:
        collect()
        self._uncollected.close()

    def stop(self) -> None:
        """Begin no more work."""
        self._is_stopped = True
        if self._tidying is not None:
            self._tidying.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._uncollected.close()

    def _analysed(self, snapshot: Snapshot, project: Project) -> Analysis:
        if not project.options.enable or project.excludes(snapshot.path):
            return Analysis(snapshot, project)
        if not self._is_stopped and not self._untidied:
            self._uncollected.enter_context(by_hand())
        failures = _Watched(lambda: self.is_current(snapshot), snapshot.uri)
        try:
            checks = project.config.checks(snapshot.path)
            found = tuple(self._session(snapshot).lint(snapshot.content, checks, failures))
        except OutOfTime as error:
            return Analysis(snapshot, project, messages=(f"{snapshot.path}: {error.reason}",))
        except SourceError as error:
            return Analysis(snapshot, project, error=error)
        except ConfigError as error:
            return Analysis(snapshot, project, complaint=str(error))
        except Outdated:
            raise
        except Exception as error:
            return Analysis(snapshot, project, messages=(f"{snapshot.path}: {told('the analysis', error)}",))
        return Analysis(snapshot, project, found, messages=tuple(f"{snapshot.path}: {one}" for one in failures.told()))

    def _session(self, snapshot: Snapshot) -> Session:
        known = self._sessions.get(snapshot.uri)
        if known is None or known[0] != snapshot.path:
            known = self._sessions[snapshot.uri] = (snapshot.path, Session(snapshot.path))
        return known[1]
