"""The garbage collector, while code is analysed.

Syntax trees and graphs are millions of small objects: the collector would go through them again and again while they
are built. It is asked afterwards instead, for what has cycles.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_inside = 0
_was_enabled = False
_lock = Lock()


@contextmanager
def by_hand() -> Iterator[None]:
    """Without the collector inside, for all threads of the process; who does much there calls `collect` in time. The
    last one out leaves it as the first one found it."""
    global _inside, _was_enabled
    with _lock:
        if not _inside:
            _was_enabled = gc.isenabled()
            gc.disable()
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside and _was_enabled:
                gc.enable()


def collect() -> None:
    """Let go of what was made since the last time, has cycles, and is not wanted any more. What is wanted is not looked
    at again."""
    gc.collect(0)
