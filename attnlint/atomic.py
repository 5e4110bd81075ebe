"""Putting a file into place as a whole or not at all."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from attnlint.interruptions import whole
from attnlint.sources.read import contents

_LONGEST = 40
"""Characters of a name that the name of a temporary file begins with: systems limit the length of that."""


class Changed(OSError):
    """Somebody else has written the file meanwhile."""


def replace(path: str, data: bytes, expected: bytes | None = None) -> None:
    """Make ``data`` the content of a file, new or not; whoever looks, at any time, sees what was there or all of it.

    A temporary file in the same folder is written, flushed to the disk and renamed. Mode and owner of what was there
    are kept; through a symbolic link the file behind it is written. What is no regular file (a pipe, ``/dev/stdout``)
    is written to as it is. With ``expected``, nothing is written but in the place of a file with that content. Raises
    `Changed` where there is no such file any more, ``PermissionError`` for a file that is read-only, ``OSError`` where
    the system refuses.
    """
    target = Path(os.path.realpath(path))
    try:
        status = os.stat(path)
    except FileNotFoundError:
        if expected is not None:
            raise
        _put(target, data, None, None)
        return
    if not stat.S_ISREG(status.st_mode):
        if expected is not None:
            raise OSError(None, "it is no file", path)
        Path(path).write_bytes(data)
        return
    if not status.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(target, os.W_OK):
        raise PermissionError(13, "is read-only", path)
    _put(target, data, status, expected)


def _put(target: Path, data: bytes, status: os.stat_result | None, expected: bytes | None) -> None:
    prefix = f".{target.name[:_LONGEST]}."
    # Without a buffer, which on a full disk could neither be written nor, therefore, closed.
    with whole(), NamedTemporaryFile(buffering=0, dir=target.parent, prefix=prefix, delete=False) as file:
        try:
            left = memoryview(data)
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
            if status is not None and hasattr(os, "chown"):
                with suppress(PermissionError):
                    os.chown(file.name, status.st_uid, status.st_gid)
            # A new owner takes some of the mode away.
            os.chmod(file.name, 0o666 & ~_umask() if status is None else stat.S_IMODE(status.st_mode))
            file.close()
            if expected is not None and contents(target) != expected:
                raise _changed(str(target))
            os.replace(file.name, target)
        except BaseException:
            file.close()
            with suppress(OSError):
                os.unlink(file.name)
            raise


def _changed(path: str) -> Changed:
    return Changed(None, "somebody else changed it meanwhile; run attnlint again", path)


def _umask() -> int:
    """The permissions that this process takes from new files; they can only be read by being set."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
