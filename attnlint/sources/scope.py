"""Which files a search takes: globs as .gitignore files have them, and what holds in one folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import groupby

from pathspec import GitIgnoreSpec

from attnlint.diagnostics import Problem
from attnlint.sources.globbing import spec_of

_SPECIAL = frozenset("/*?[]!\\# ")
"""Characters of patterns that are more than the name of a file or folder."""


@dataclass(frozen=True)
class Glob:
    """A pattern as in .gitignore files, and the folder that it is relative to.

    It says nothing of the folder itself and of those that this lies in. Of what lies elsewhere, and where there is no
    folder, it is asked about the name alone.
    """

    pattern: str
    root: str = ""

    def __str__(self) -> str:
        return self.pattern

    @property
    def is_name(self) -> bool:
        """Whether it is no more than the name of a file or folder."""
        return not _SPECIAL & set(self.pattern)

    @property
    def is_suffix(self) -> bool:
        """Whether it is about the end of names alone."""
        return self.pattern.startswith("*.") and not _SPECIAL & set(self.pattern[1:])


@dataclass(frozen=True)
class _Group:
    """Patterns of one folder, in order."""

    inside: str
    """What the paths inside the folder begin with; empty where there is no folder."""
    names: frozenset[str]
    suffixes: tuple[str, ...]
    """The ends of names: ``.py`` for ``*.py``. These two are what most patterns are, and need no regular expression."""
    spec: GitIgnoreSpec | None

    def matches(self, path: str, is_folder: bool) -> bool:
        """Whether they match an absolute path, or a folder on the way to it."""
        if self.inside and path.startswith(self.inside):
            parts = path[len(self.inside) :].split(os.sep)
        elif self.inside.startswith(path + os.sep):
            return False
        else:
            parts = [os.pardir, os.path.basename(path)]
        if not self.names.isdisjoint(parts) or (self.suffixes and any(part.endswith(self.suffixes) for part in parts)):
            return True
        return self.spec is not None and bool(self.spec.check_file("/".join(parts) + "/" * is_folder).include)


@dataclass(frozen=True)
class Patterns:
    """Globs, ready to be asked about absolute paths."""

    globs: tuple[Glob, ...] = ()

    @classmethod
    def of(cls, patterns: Iterable[str]) -> Patterns:
        """Patterns of no folder, for names."""
        return cls(tuple(map(Glob, patterns)))

    def rooted(self, root: str) -> Patterns:
        """These, relative to a folder where they are of none."""
        return Patterns(tuple(glob if glob.root else replace(glob, root=root) for glob in self.globs))

    @cached_property
    def _groups(self) -> tuple[_Group, ...]:
        return tuple(_group(root, list(globs)) for root, globs in groupby(self.globs, lambda glob: glob.root))

    def matches(self, path: str, is_folder: bool = False) -> bool:
        """Whether any of them matches the path, or a folder on the way to it."""
        return any(group.matches(path, is_folder) for group in self._groups)

    def sparing(self, folder: str) -> Patterns:
        """Those of them that do not match a folder, which somebody asked for, itself."""
        return _sparing(self, folder) if self.matches(folder, is_folder=True) else self


def _group(root: str, globs: list[Glob]) -> _Group:
    in_order = any(glob.pattern.startswith("!") for glob in globs)
    names = frozenset(glob.pattern for glob in globs if not in_order and glob.is_name)
    suffixes = tuple(glob.pattern[1:] for glob in globs if not in_order and glob.is_suffix)
    others = [glob.pattern for glob in globs if in_order or not (glob.is_name or glob.is_suffix)]
    inside = os.path.join(root, "") if root else ""
    return _Group(inside, names, suffixes, spec_of(others) if others else None)


@lru_cache(maxsize=64)
def _sparing(patterns: Patterns, folder: str) -> Patterns:
    return Patterns(tuple(glob for glob in patterns.globs if not Patterns((glob,)).matches(folder, is_folder=True)))


@dataclass(frozen=True)
class Scope:
    """What a search takes of the files in a folder, and which folders in it it enters."""

    include: Patterns
    exclude: Patterns
    respect_gitignore: bool = True
    force_exclude: bool = False
    """Whether ``exclude`` holds for files and folders that are named too."""
    problem: Problem | None = None
    """Why the files here cannot be read: nobody knows what is wanted of them."""
