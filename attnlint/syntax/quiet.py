"""What Python warns of in the code that is read is no concern of whoever reads it."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()


@contextmanager
def quietly() -> Iterator[None]:
    """Without warnings inside. One thread at a time: the filters belong to all, and each puts back what it found."""
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
