"""The processes that share the work: how they are started, so that they import nothing from the folder that is linted,
and that none of them outlives the process that started it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from attnlint import interruptions

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

T = TypeVar("T")
Task = TypeVar("Task")

_SAFE_PATH = "PYTHONSAFEPATH"
"""With this variable, Python puts no folder of its own choice before those that it imports from."""


def context() -> BaseContext | None:
    """How processes can be started; None where they would import what the current folder holds.

    A copy of this process starts at once; where threads run, a copy could wait for one of them forever. A new Python
    that is told its program (``-c``) looks into the current folder first, which Python 3.11 and newer can be told to
    leave.
    """
    if sys.platform == "linux" and threading.active_count() == 1:
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("spawn") if sys.version_info >= (3, 11) or sys.flags.isolated else None


@contextmanager
def starting() -> Iterator[None]:
    """While processes start, the signals that end a run wait: what is started keeps that, and hears of none before it
    can end by it (`begin`)."""
    before = None
    if hasattr(signal, "pthread_sigmask"):
        before = signal.pthread_sigmask(signal.SIG_BLOCK, interruptions.ENDING)
    path = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        yield
    finally:
        if path is None:
            del os.environ[_SAFE_PATH]
        else:
            os.environ[_SAFE_PATH] = path
        if before is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def begin() -> None:
    """What a process does first: it leaves Ctrl-C to the one that started it, which ends it, and ends with that one
    where that one could not."""
    interruptions.forget()
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, interruptions.ENDING)
    starter = multiprocessing.parent_process()
    if starter is not None:
        threading.Thread(target=_end_with, args=(starter,), name="attnlint ends with its starter", daemon=True).start()


def _end_with(starter: BaseProcess) -> None:
    starter.join()
    os._exit(1)


def are_copies() -> bool:
    """Whether processes are copies of this one. A copy costs so little that each does one task alone, and what it used
    is given back as a whole."""
    how = context()
    return how is not None and how.get_start_method() == "fork"


def answers(work: Callable[[Task], T], tasks: Iterable[Task], jobs: int) -> Iterator[tuple[Task, T | None]]:
    """What ``work`` makes of the tasks in up to ``jobs`` processes, as it is done: None for a task with which its
    process ended. Raises what the work raises. However it ends, the processes end with it.

    Each process answers on a connection of its own, which ends with it: nobody waits for the rest of what it said, as
    the pools of the standard library do.
    """
    how, ends_with_its_task = context() or multiprocessing.get_context(), are_copies()
    left = iter(tasks)
    busy: dict[Connection[Any, Any], _Worker[Task, T]] = {}
    started: list[BaseProcess] = []

    def hand_out(task: Task) -> None:
        worker = _Worker(how, work, started)
        busy[worker.connection] = worker
        worker.take(task)

    try:
        with interruptions.before_the_end(partial(_end, started)):
            for task in islice(left, jobs):
                hand_out(task)
            while busy:
                for connection in wait(list(busy)):
                    worker = busy[cast("Connection[Any, Any]", connection)]
                    task, answer = worker.task, worker.answer()
                    following = list(islice(left, 1))
                    if following and answer is not None and not ends_with_its_task:
                        worker.take(*following)
                    else:
                        del busy[worker.connection]
                        if worker.leave():
                            started.remove(worker.process)
                        for other in following:
                            hand_out(other)
                    yield task, answer
    finally:
        _end(started)


class _Worker(Generic[Task, T]):
    """One process, and the end of the connection to it that is ours."""

    def __init__(self, how: BaseContext, work: Callable[[Task], T], started: list[BaseProcess]) -> None:
        with starting():
            self.connection, theirs = how.Pipe()
            self.process = how.Process(target=_serve, args=(theirs, work), daemon=True)  # type: ignore[attr-defined]
            started.append(self.process)
            self.process.start()
            theirs.close()

    def take(self, task: Task) -> None:
        """Begin with a task."""
        self.task = task
        with suppress(OSError):  # it has ended, as its answer is going to tell
            self.connection.send(task)

    def answer(self) -> T | None:
        """What came of the task; None where the process ended instead."""
        try:
            result, error = self.connection.recv()
        except (EOFError, OSError):
            return None
        if error is not None:
            raise error
        answer: T = result
        return answer

    def leave(self) -> bool:
        """Have the process end; whether it did soon."""
        with suppress(OSError):
            self.connection.send(None)
        self.connection.close()
        self.process.join(1)
        return not self.process.is_alive()


def _serve(asking: Connection[Any, Any], work: Callable[[Task], T]) -> None:
    """What a process does: answer until there is no task any more."""
    begin()
    with suppress(EOFError, OSError):
        while (task := asking.recv()) is not None:
            answer: tuple[T | None, Exception | None]
            try:
                answer = work(task), None
            except Exception as error:
                answer = None, error
            asking.send(answer)


def _end(started: Sequence[BaseProcess]) -> None:
    """End processes, whatever they are doing."""
    begun = [process for process in started if process.pid is not None]
    for process in begun:
        process.kill()
    for process in begun:
        process.join(1)
