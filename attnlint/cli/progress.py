"""A bar that shows how far a long run is: on a terminal, on standard error, and gone when the run ends."""

from __future__ import annotations

import math
import os
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from attnlint.interruptions import before_the_end

if TYPE_CHECKING:
    from attnlint.runs import Progress

_AFTER = 0.5
"""Seconds after which a run is long enough to show how far it is."""
_EVERY = 0.1
"""Seconds between two drawings."""
_WIDEST = 40


def is_wanted(stream: TextIO) -> bool:
    """Whether somebody looks at ``stream`` while the run goes on: a terminal that can move back, not the log of CI."""
    return stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("CI")


@contextmanager
def shown_progress(quiet: bool) -> Iterator[Progress | None]:
    """What the engine tells its progress while the bar is shown; None, which costs nothing, where there is none."""
    if quiet or not is_wanted(sys.stderr):
        yield None
        return
    bar = Bar(sys.stderr, _AFTER)
    show = warnings.showwarning

    def tell(*warning: Any, **more: Any) -> None:
        bar.clear()
        show(*warning, **more)

    warnings.showwarning = tell
    try:
        with before_the_end(bar.close):
            yield bar.update
    finally:
        warnings.showwarning = show
        bar.close()


class Bar:
    """One line that is drawn over itself."""

    def __init__(self, stream: TextIO, after: float) -> None:
        self._stream = stream
        self._next = time.monotonic() + after
        self._width = 0

    def update(self, done: int, total: int) -> None:
        """Draw the line if it is time to."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY
        from shutil import get_terminal_size

        columns = get_terminal_size().columns
        line = _line(done, total, columns - 1)
        self._write("\r" + line.ljust(self._width))
        self._width = len(line)

    def clear(self) -> None:
        """Leave an empty line, with the cursor at its beginning."""
        if self._width:
            self._write("\r" + " " * self._width + "\r")
            self._width = 0

    def close(self) -> None:
        """The same, for good: a run that was interrupted may still go on for a moment."""
        self._next = math.inf
        self.clear()

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _line(done: int, total: int, columns: int) -> str:
    """How far it is in as many columns as there are: numbers, and a bar where there is room for one."""
    numbers = f"{done}/{total} files"
    room = min(_WIDEST, columns - len(numbers) - 3)
    if room < 5:
        return numbers[: max(columns, 0)]
    full = room * done // max(total, 1)
    return f"[{'#' * full}{'.' * (room - full)}] {numbers}"
