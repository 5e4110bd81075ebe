"""Writing a fixed file back."""

from __future__ import annotations

from pathlib import Path

from attnlint import atomic


def write(path: str, data: bytes) -> None:
    """Replace the content of a file that is there, as a whole or not at all (`attnlint.atomic.replace`)."""
    Path(path).resolve(strict=True)
    atomic.replace(path, data)
