"""Writing a fixed file back."""

from __future__ import annotations

import os
from collections.abc import Sequence

from attnlint import atomic


def write(path: str, data: bytes, before: bytes | None = None, within: Sequence[str] = ()) -> None:
    """Replace the content of a file that is there, as a whole or not at all (`attnlint.atomic.replace`).

    With ``before``, the file has to hold that still: what an editor wrote meanwhile is not overwritten. With
    ``within``, the file has to be one of these or lie in one of these folders: a link that a search came upon may lead
    anywhere. Raises ``OSError``.
    """
    target = os.path.realpath(path, strict=True)
    tops = [os.path.realpath(top) for top in within]
    if tops and not any(target == top or target.startswith(os.path.join(top, "")) for top in tops):
        raise PermissionError(13, "is a link to a file outside of what was named", path)
    atomic.replace(path, data, before)
