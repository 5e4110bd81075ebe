"""What fixes change, as a unified diff."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff

from attnlint.fixes.fixer import Fixed
from attnlint.syntax.text import SourceText, split_lines


def diff(path: str, fixed: Fixed) -> Iterator[str]:
    """The lines of a unified diff, as ``patch`` and ``git apply`` take it."""
    before, after = (split_lines(SourceText.from_bytes(path, data).text) for data in (fixed.before, fixed.data))
    for line in unified_diff(before, after, path, path):
        if line.endswith(("\n", "\r")):
            yield line
        else:
            yield line + "\n\\ No newline at end of file\n"
