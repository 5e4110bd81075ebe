"""The processes that share the work: how they are started, so that they import nothing from the folder that is linted,
and that none of them outlives the process that started it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess

from attnlint import interruptions

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


def end(others: set[BaseProcess]) -> None:
    """End all processes but ``others``, whatever they are doing."""
    ours = set(multiprocessing.active_children()) - others
    for process in ours:
        process.kill()
    for process in ours:
        process.join(1)
