"""What fixes change, as a unified diff; that of a notebook goes cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff

from attnlint.diagnostics import placed
from attnlint.documents import open_document
from attnlint.fixes.fixer import Fixed


def diff(path: str, fixed: Fixed) -> Iterator[str]:
    """The lines of a unified diff, as ``patch`` and ``git apply`` take it (but for notebooks, whose cells they do not
    know)."""
    before, after = (open_document(path, data).parts for data in (fixed.before, fixed.data))
    for cell, lines in before.items():
        name = placed(path, cell)
        for line in unified_diff(lines, after[cell], name, name):
            if line.endswith(("\n", "\r")):
                yield line
            else:
                yield from (line + "\n", "\\ No newline at end of file\n")
