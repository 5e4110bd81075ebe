"""Python's own compiler, at work on the code that is read: in silence, and for one thread at a time.

What it warns of is no concern of whoever reads the code. Before Python 3.13 it counts the depth of a tree for all
threads at once, and fails where two compile together.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.RLock()


@contextmanager
def quietly() -> Iterator[None]:
    """Without warnings inside, of which all threads share the filters; one thread at a time."""
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
