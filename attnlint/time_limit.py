"""How long one source may take.

The engine asks `check` wherever it goes on for long: at every value that it makes, and at every question that it asks
about one. So a source that would take for ever ends in any thread and on any system, without a signal, and nothing is
left half done that another source could meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

from attnlint.syntax.text import SourceError


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
    try:
        yield
    except _Expired:
        raise OutOfTime(seconds) from None
    finally:
        _deadline.reset(token)
    if deadline.was_noticed:
        raise OutOfTime(seconds)


def check() -> None:
    """End the analysis under way if its time is over."""
    deadline = _deadline.get()
    if deadline is not None and monotonic() > deadline.at:
        deadline.was_noticed = True
        raise _Expired
