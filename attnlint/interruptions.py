"""Signals that end the program: what is being written is written whole, then the process is gone, with the exit status
that tells which signal it was.

Nothing is raised, for what is raised between any two instructions may be swallowed by whatever happens to run there.
Where other programs use this package, their own handlers hold, and nothing here gets in their way.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

ENDING = tuple(signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""The signals that end a run, where the system has them."""

_came: list[int] = []
_held: list[None] = []
"""One for each piece of work that is to be done whole."""
_last_words: list[Callable[[], None]] = []


def listen() -> None:
    """Have these signals end the process from now on. What its caller ignores, as ``nohup`` does, stays ignored."""
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _hear)


def forget() -> None:
    """In a process that is a copy of another: hold nothing of what that one holds, and end by a signal as usual, unless
    all ignore it."""
    for work in (_came, _held, _last_words):
        work.clear()
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_IGN if number == signal.SIGINT else signal.SIG_DFL)


@contextmanager
def whole() -> Iterator[None]:
    """What is done inside is done whole: a signal that comes meanwhile ends the process afterwards. Where one came
    before, in whatever thread, nothing more is begun."""
    _held.append(None)
    if _came:
        _let_go()
        threading.Event().wait()  # for the end, which other work puts off
    try:
        yield
    finally:
        _let_go()


@contextmanager
def before_the_end(say: Callable[[], None]) -> Iterator[None]:
    """Have ``say`` called where a signal ends the process inside. It has to be quick."""
    _last_words.append(say)
    try:
        yield
    finally:
        _last_words.remove(say)


def leave(status: int) -> NoReturn:
    """End the process with this exit status, whatever its other threads do."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    with whole():
        os._exit(status)


def _hear(number: int, frame: FrameType | None) -> None:
    # Signals come to the main thread while others work. Here it is noted that one came before it is asked whether
    # anything is held, in `whole` the other way round: one of the two sees the other.
    _came.append(number)
    if not _held:
        _end()


def _let_go() -> None:
    _held.pop()
    if _came and not _held:
        _end()


def _end() -> None:
    for say in reversed(_last_words):
        with suppress(Exception):
            say()
    if _came[0] == signal.SIGINT and sys.stderr is not None and sys.stderr.isatty():
        with suppress(OSError):
            os.write(2, b"\n")  # behind the ^C that the terminal shows
    os._exit(128 + _came[0])
