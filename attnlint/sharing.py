"""Work on sources shared out over processes: the biggest sources first, in batches, started only where it pays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TypeVar

# What starts processes is imported where some are started: most runs are too small for that.

T = TypeVar("T")

_WORTH = 500_000
"""Bytes of sources below which processes cost more time than they save."""
_ROUNDS = 12
"""Batches that each process gets, if all take the same time: enough that the last ones end together."""

_MOST = 2_000_000
"""Bytes of sources in a batch at most, for the sake of the memory that a process takes for them."""

Work = Callable[[Sequence[str]], T]
"""What is done with some sources in another process; it has to be picklable, and so has its result."""


def cores() -> int:
    """How many processes can run at once."""
    with suppress(AttributeError):  # not on every system
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processes(paths: Sequence[str], jobs: int) -> int:
    """How many processes the files are worth; one means none beside this one."""
    worth = max(1, min(jobs, len(paths), sum(map(_size, paths)) // _WORTH))
    if worth > 1:
        from attnlint import workers

        return worth if workers.context() is not None else 1
    return worth


def shared_out(work: Work[T], paths: Sequence[str], jobs: int) -> Iterator[tuple[Sequence[str], T | None]]:
    """The batches of files as they are done, each with its result: None for a file with which a process ended.

    The files of a batch with which a process ended are done one by one. An interruption ends the processes at once.
    """
    from attnlint.workers import answers

    lost: list[list[str]] = []
    for batch, result in answers(work, batches(paths, jobs), jobs):
        if result is None:
            lost.extend([path] for path in batch)
        else:
            yield batch, result
    yield from answers(work, lost, jobs)


def batches(paths: Sequence[str], jobs: int) -> list[list[str]]:
    """The files in batches, the biggest first. Big files are alone; small ones come together."""
    sizes = {path: _size(path) for path in paths}
    enough = min(sum(sizes.values()) / (jobs * _ROUNDS), _MOST)
    found: list[list[str]] = []
    held = enough
    for path in sorted(paths, key=sizes.__getitem__, reverse=True):
        if held >= enough:
            found.append([])
            held = 0
        found[-1].append(path)
        held += sizes[path]
    return found


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except (OSError, ValueError):
        return 0
