"""Reading sources as bytes. What cannot be read is a `Problem` with a clear reason, never an exception."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from attnlint.diagnostics import Problem

STDIN = "-"
"""The path that stands for standard input. A file of that name is ``./-``."""


def read(path: str | os.PathLike[str]) -> bytes | Problem:
    """The bytes of a file, or of standard input for ``-`` (which is read once and remembered)."""
    name = os.fspath(path)
    try:
        return _read_stdin() if name == STDIN else Path(name).read_bytes()
    except (OSError, ValueError) as error:
        return unreadable(name, error)


def unreadable(path: str, error: OSError | ValueError) -> Problem:
    """The problem of a path that the system refuses."""
    if isinstance(error, FileNotFoundError):
        return Problem(path, None, "no such file or folder")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Problem(path, None, f"cannot be read: {reason}")


def hold_as_stdin(data: bytes) -> None:
    """Have standard input be this from now on: once it was changed, reports are about what came of it."""
    _stdin[:] = [data]


_stdin: list[bytes] = []
"""What standard input held, once it was read."""


def _read_stdin() -> bytes:
    if not _stdin:
        if sys.stdin is None:
            raise OSError("standard input is closed")
        _stdin.append(sys.stdin.buffer.read())
    return _stdin[0]
