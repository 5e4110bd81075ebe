"""The garbage collector, while code is analysed.

Syntax trees and graphs are millions of small objects: the collector would go through them again and again while they
are built. It is asked afterwards instead, for what has cycles.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def by_hand() -> Iterator[None]:
    """Without the collector inside; who does much there calls `collect` in time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def collect() -> None:
    """Let go of what was made since the last time and has cycles."""
    gc.collect(0)
