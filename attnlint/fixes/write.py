"""Writing a file as a whole or not at all."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile


def write(path: str, data: bytes) -> None:
    """Replace the content of a file; whoever looks, at any time, sees the old content or the new.

    A temporary file in the same folder is written, flushed to the disk and renamed. Mode and owner are kept; through a
    symbolic link the file behind it is written. Raises ``PermissionError`` for a file that is read-only, ``OSError``
    where the system refuses.
    """
    target = Path(path).resolve(strict=True)
    status = target.stat()
    if not status.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(target, os.W_OK):
        raise PermissionError(13, "is read-only", path)
    with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(file.name, stat.S_IMODE(status.st_mode))
            if hasattr(os, "chown"):
                with suppress(PermissionError):
                    os.chown(file.name, status.st_uid, status.st_gid)
            file.close()
            os.replace(file.name, target)
        except BaseException:
            file.close()
            with suppress(OSError):
                os.unlink(file.name)
            raise
