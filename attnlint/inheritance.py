"""Where a generated file has what the file it was made from only inherits or imports.

``modular_new.py`` says ``class NewAttention(OldAttention)`` and imports that from ``..old.modeling_old``; the generated
``modeling_new.py`` spells out the methods of both. A finding in one of them repeats that in ``modeling_old.py``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from attnlint.diagnostics import CopiedFrom, Diagnostic, Problem
from attnlint.sources.read import read
from attnlint.syntax.limits import MAX_SOURCE
from attnlint.syntax.outline import ModuleOutline, outline
from attnlint.syntax.text import SourceError, SourceText


@dataclass
class Sources:
    """The files that others were generated from, read when they are asked for."""

    _outlines: dict[str, ModuleOutline | None] = field(default_factory=dict)

    def inherited(self, diagnostic: Diagnostic, origin: CopiedFrom) -> Iterator[CopiedFrom]:
        """Where the definition of a finding in a generated file comes from, by way of the file it was made from."""
        path = _beside_or_above(origin.source, diagnostic.path)
        name = diagnostic.content.definition.partition(".")[0]
        module = self._outline(path) if path and name else None
        if path is None or module is None:
            return
        if name in module.classes:
            for base in module.classes[name].bases:
                if base in module.imports:
                    yield _imported(module.imports[base], path, name, _renames(base, name))
        elif name in module.imports:
            yield _imported(module.imports[name], path, name)

    def _outline(self, path: str) -> ModuleOutline | None:
        if path not in self._outlines:
            self._outlines[path] = _read(path)
        return self._outlines[path]


def _read(path: str) -> ModuleOutline | None:
    """The outline of a file; none of what would not be linted either, because it is too long or no Python."""
    try:
        if os.path.getsize(path) > MAX_SOURCE:
            return None
        data = read(path)
        if isinstance(data, Problem) or len(data) > MAX_SOURCE:
            return None
        module = outline(SourceText.from_bytes(path, data))
    except (OSError, SourceError, MemoryError, RecursionError):
        return None
    module.release()
    return module


def _beside_or_above(source: str, path: str) -> str | None:
    """The file that a comment in ``path`` names: beside it, or from a folder above as the comment has it. What the
    system refuses to look up, such as a name that is too long, is none."""
    folder = Path(os.path.abspath(path)).parent
    above = (os.path.join(each, source) for each in (folder, *folder.parents))
    return next(filter(os.path.isfile, (os.path.join(folder, os.path.basename(source)), *above)), None)


def _imported(dotted: str, path: str, definition: str, renames: tuple[tuple[str, str], ...] = ()) -> CopiedFrom:
    """The origin that an import in ``path`` names; a relative one is a file from there."""
    module, _, target = dotted.rpartition(".")
    level = len(module) - len(module.lstrip("."))
    if not level:
        return CopiedFrom(dotted, "", definition, renames)
    folders = Path(os.path.abspath(path)).parents
    folder = folders[min(level, len(folders)) - 1]
    return CopiedFrom(f"{folder.joinpath(*module[level:].split('.'))}.py", target, definition, renames)


def _renames(base: str, name: str) -> tuple[tuple[str, str], ...]:
    """What a class is called otherwise than its base: the beginnings, where both end alike."""
    ends = zip(reversed(base), reversed(name), strict=False)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], ends))
    old, new = base[: len(base) - shared], name[: len(name) - shared]
    return ((old, new),) if old and new else ()
