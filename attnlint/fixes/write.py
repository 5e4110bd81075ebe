"""Writing a file as a whole or not at all."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile


def write(path: str, data: bytes, *, create: bool = False) -> None:
    """Replace the content of a file; whoever looks, at any time, sees the old content or the new.

    A temporary file in the same folder is written, flushed to the disk and renamed. Mode and owner are kept; through a
    symbolic link the file behind it is written. With ``create``, a file that is not there is made. Raises
    ``PermissionError`` for a file that is read-only, ``OSError`` where the system refuses.
    """
    target = Path(path).resolve(strict=not create)
    status = target.stat() if target.exists() else None
    if status is not None and _is_read_only(target, status):
        raise PermissionError(13, "is read-only", path)
    with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            _give_rights(file.name, status)
            file.close()
            os.replace(file.name, target)
        except BaseException:
            file.close()
            with suppress(OSError):
                os.unlink(file.name)
            raise


def _is_read_only(target: Path, status: os.stat_result) -> bool:
    return not status.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(target, os.W_OK)


def _give_rights(path: str, like: os.stat_result | None) -> None:
    """The mode and the owner of the file that is replaced; for a new one, what the system gives new files."""
    if like is None:
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(path, 0o666 & ~mask)
        return
    os.chmod(path, stat.S_IMODE(like.st_mode))
    if hasattr(os, "chown"):
        with suppress(PermissionError):
            os.chown(path, like.st_uid, like.st_gid)
