"""What fixes change, as a unified diff; that of a notebook goes cell by cell."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from difflib import unified_diff

from attnlint.diagnostics import placed
from attnlint.documents import open_document
from attnlint.fixes.fixer import Fixed

_NAMED = ("---", "+++")
"""What the lines begin with that name the file, the first of each diff."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]|^\"")
_QUOTED = re.compile(r'[\x00-\x1f\x7f"\\]')


class Naming(str):
    """A line that names the file, which is not in the encoding of that."""


def diff(path: str, fixed: Fixed) -> Iterator[str]:
    """The lines of a unified diff, as ``patch`` and ``git apply`` take it (but for notebooks, whose cells they do not
    know)."""
    before, after = (_parts(path, data) for data in (fixed.before, fixed.data))
    for cell, lines in before.items():
        name = _quoted(placed(path, cell))
        for number, line in enumerate(unified_diff(lines, after[cell], name, name)):
            if number < len(_NAMED):
                yield Naming(line)
            elif line.endswith(("\n", "\r")):
                yield line
            else:
                yield from (line + "\n", "\\ No newline at end of file\n")


def _quoted(name: str) -> str:
    """The name of a file as git writes it into a diff: quoted where a line of the diff could not hold it, or would say
    something else with it."""
    return f'"{_QUOTED.sub(_escaped, name)}"' if _CONTROL.search(name) else name


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[0]}" if found[0] in '"\\' else f"\\{ord(found[0]):03o}"


def encoding_of(path: str, fixed: Fixed) -> str:
    """The encoding of the lines of a diff: that of the file."""
    return open_document(path, fixed.before).source.encoding.removesuffix("-sig")


def _parts(path: str, data: bytes) -> dict[int | None, list[str]]:
    """The lines by cell, a byte order mark in its place."""
    parts = {cell: list(lines) for cell, lines in open_document(path, data).parts.items()}
    if data.startswith(BOM_UTF8) and parts.get(None):
        parts[None][0] = f"\ufeff{parts[None][0]}"
    return parts
