"""Reading sources as bytes, without waiting for ever. What cannot be read is a `Problem` with a clear reason, never an
exception."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

from attnlint.diagnostics import Problem

if TYPE_CHECKING:
    from _typeshed import SupportsRead

STDIN = "-"
"""The path that stands for standard input. A file of that name is ``./-``."""

MAX_FILE = 2**28
"""Bytes of a file that is read at all: notebooks hold pictures."""
_NO_WRITER = 2.0
"""Seconds that a pipe is waited for to which nobody writes."""
_SILENCE = 60.0
"""Seconds without a word that somebody may take who writes to a pipe."""
_PART = 2**16


def read(path: str | os.PathLike[str]) -> bytes | Problem:
    """The bytes of a file, or of standard input for ``-``; this and pipes are read once and remembered."""
    name = os.fspath(path)
    try:
        if name == STDIN:
            return _read_stdin()
        known = _remembered(name)
        return contents(name) if known is None else known
    except (OSError, ValueError) as error:
        return unreadable(name, error)
    except MemoryError:
        return Problem(name, None, "cannot be read: it does not fit into memory")


def contents(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file. Of a pipe, what is written until all who write have closed it. A device, which may never
    end, is not read. Raises ``OSError``, and ``ValueError`` for what is no path."""
    file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(file, "rb", buffering=0) as opened:
        mode = os.fstat(file).st_mode
        if stat.S_ISFIFO(mode):
            data = _streams[os.fspath(path)] = _read_pipe(file)
            return data
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise OSError(None, "it is a device, not a file")
        return _read_all(opened, os.fstat(file).st_size)


def is_file(path: str) -> bool:
    """Whether a source is a file, which can be read again and in other processes: no pipe, and not standard input."""
    return path != STDIN and os.path.isfile(path)


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
_streams: dict[str, bytes] = {}
"""What pipes held, by their paths."""


def _read_all(opened: SupportsRead[bytes | None], size: int = 0) -> bytes:
    """All of a file, of which the system says that it has so many bytes: some have more, or never end."""
    parts: list[bytes] = []
    held = 0
    while max(held, size) <= MAX_FILE:
        part = opened.read(max(size - held + 1, _PART))
        if part is None:  # such as files of the system that wait for what comes
            raise OSError(None, "it holds nothing that can be read without waiting")
        if not part:
            return parts[0] if len(parts) == 1 else b"".join(parts)
        parts.append(part)
        held += len(part)
    raise _too_long(size)


def _too_long(size: int = 0) -> OSError:
    """What is wrong with a source of more bytes than are read, or of a size that says so."""
    many = f"{size:,}" if size > MAX_FILE else f"more than {MAX_FILE:,}"
    return OSError(None, f"it has {many} bytes, and at most {MAX_FILE:,} are read")


def _read_stdin() -> bytes:
    if not _stdin:
        if sys.stdin is None:
            raise OSError("standard input is closed")
        _stdin.append(_read_all(sys.stdin.buffer))
    return _stdin[0]


def _remembered(path: str) -> bytes | None:
    return _streams.get(path) if _streams else None


def _read_pipe(file: int) -> bytes:
    import select

    parts: list[bytes] = []
    waiting = select.poll()
    waiting.register(file, select.POLLIN)
    silence, held = 0.0, 0
    while silence < _SILENCE and held <= MAX_FILE:
        is_ready = waiting.poll(_NO_WRITER * 1000)
        try:
            part = os.read(file, _PART)
        except BlockingIOError:  # somebody is going to write
            silence += _NO_WRITER
            continue
        if not part and not is_ready:
            break
        if not part:
            return b"".join(parts)
        parts.append(part)
        silence, held = 0, held + len(part)
    if held > MAX_FILE:
        raise _too_long()
    raise OSError(None, "it is a pipe to which nobody writes")
