"""How long one source may take.

The engine asks `check` wherever it goes on for long: at every value that it makes, and at every question that it asks
about one. So a source that would take for ever ends in any thread and on any system, without a signal, and nothing is
left half done that another source could meet. Where something goes on that asks nobody, which is a mistake of ours, it
is ended from outside (`overseen`), as soon as it is back in Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock, Thread, get_ident
from time import monotonic

from attnlint.syntax.text import SourceError

_GRACE = 2.0
"""Seconds in which whoever is late may notice."""
_INTERVAL = 1.0
"""Seconds between two looks at a thread that is waited for."""


class OutOfTime(SourceError):
    """A source that takes longer than it may. It was not analysed, whatever had been found in it."""

    def __init__(self, seconds: float) -> None:
        reason = f"not analysed: it takes more than {seconds:g} seconds, which is the `time-limit` of a file"
        super().__init__(None, reason)
        self.seconds = seconds

    def __reduce__(self) -> tuple[type[OutOfTime], tuple[float]]:
        return OutOfTime, (self.seconds,)


class _Expired(BaseException):
    """The time is over. No `Exception`: it is nobody's but that of the `limited` around it."""


class _Deadline:
    """When the time of a source is over, and whether anybody noticed."""

    def __init__(self, seconds: float) -> None:
        self.at = monotonic() + seconds
        self.was_noticed = False


_deadline: ContextVar[_Deadline | None] = ContextVar("attnlint deadline", default=None)
_by_thread: dict[int, _Deadline] = {}
"""The deadlines of threads that are inside of `limited`, by their identities."""
_lock = Lock()


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise `OutOfTime` where what is done inside takes longer; 0 is no limit. Of two limits, one inside the other, the
    one that ends first counts.

    What ends just before anybody asks is done, late or not. Once somebody was told, it is not, even if that is caught.
    """
    if not seconds:
        yield
        return
    outer, deadline = _deadline.get(), _Deadline(seconds)
    if outer is not None and outer.at <= deadline.at:
        yield
        return
    token = _deadline.set(deadline)
    before = _by_thread.get(get_ident())
    _by_thread[get_ident()] = deadline
    try:
        try:
            yield
        finally:
            _leave(before)
    except _Expired:
        _leave(before)
        raise OutOfTime(seconds) from None
    finally:
        _deadline.reset(token)
    if deadline.was_noticed:
        raise OutOfTime(seconds)


def _leave(outer: _Deadline | None) -> None:
    """Have this thread not be ended any more for a limit that it is out of."""
    ident = get_ident()
    with _lock:
        _by_thread.pop(ident, None)
        if outer is not None:
            _by_thread[ident] = outer
    for _ in range(2):  # what was to be raised here is raised now, while somebody expects it
        pass


def check() -> None:
    """End the analysis under way if its time is over."""
    deadline = _deadline.get()
    if deadline is not None and monotonic() > deadline.at:
        deadline.was_noticed = True
        raise _Expired


def overseen(thread: Thread) -> None:
    """Wait for a thread. What is late in it and asks nobody is ended by an exception, as long as it takes."""
    own = _deadline.get()
    while thread.is_alive():
        thread.join(_INTERVAL)
        with _lock:
            deadline = _by_thread.get(thread.ident or 0, own)
            if deadline is not None and thread.is_alive() and monotonic() > deadline.at + _GRACE:
                deadline.was_noticed = True
                _raise_in(thread.ident or 0, _Expired)


def _raise_in(ident: int, error: type[BaseException]) -> None:
    """Raise an error where a thread is, once its code is Python again."""
    import ctypes

    if hasattr(ctypes, "pythonapi"):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(error))
