"""Which files a run reads: named files as they are, folders searched for Python and documents that hold it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from attnlint.diagnostics import Problem
from attnlint.documents import SUFFIXES
from attnlint.sources.gitignore import Ignores
from attnlint.sources.read import STDIN, unreadable

EXCLUDED_FOLDERS = frozenset(
    {
        "__pycache__",
        "__pypackages__",
        "build",
        "dist",
        "node_modules",
        "site-packages",
        "venv",
        ".bzr",
        ".direnv",
        ".eggs",
        ".git",
        ".hg",
        ".hypothesis",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".venv",
    }
)
"""Names of folders that a search does not enter. A folder that is named itself is always searched."""


_NOTHING_IGNORED = Ignores()


@dataclass(frozen=True)
class _Place:
    """A file or folder: as it is shown, and its absolute path."""

    shown: str
    path: str
    is_folder: bool = False
    ignores: Ignores = _NOTHING_IGNORED

    @classmethod
    def top(cls, folder: str) -> _Place:
        real = os.path.realpath(folder)
        return cls("" if folder == os.curdir else folder, real, True, Ignores.above(real))

    @property
    def identity(self) -> str:
        """What is the same for two paths to one file."""
        return self.path if self.path == STDIN else os.path.realpath(self.path)


def find_sources(paths: Iterable[str | os.PathLike[str]]) -> Iterator[str | Problem]:
    """The files to read for ``paths`` (files, folders and ``-`` for standard input), each once, as to be shown.

    Named files are never excluded. Folders are searched for files that end in `SUFFIXES`, in sorted order, without
    what their .gitignore files ignore and without `EXCLUDED_FOLDERS` and virtual environments; linked folders are not
    entered, so no loop of links is followed. A path that is missing, or a folder that cannot be listed, is a `Problem`.
    """
    seen: set[str | Problem] = set()
    for path in paths:
        for found in _expand(os.fspath(path)):
            identity = found.identity if isinstance(found, _Place) else found
            if identity not in seen:
                seen.add(identity)
                yield found.shown if isinstance(found, _Place) else found


def _expand(path: str) -> Iterator[_Place | Problem]:
    if path == STDIN:
        yield _Place(STDIN, STDIN)
        return
    try:
        is_folder = stat.S_ISDIR(os.stat(path).st_mode)
    except (OSError, ValueError) as error:
        yield unreadable(path, error)
        return
    if is_folder:
        yield from _search(_Place.top(path))
    else:
        yield _Place(path, os.path.abspath(path))


def _search(top: _Place) -> Iterator[_Place | Problem]:
    pending = [top]
    while pending:
        place = pending.pop()
        if not place.is_folder:
            yield place
            continue
        try:
            inside = _list(place, is_top=place is top)
        except OSError as error:
            yield unreadable(place.shown or os.curdir, error)
            continue
        pending.extend(reversed(inside))


def _list(folder: _Place, is_top: bool) -> list[_Place]:
    """What a search goes on to from a folder, sorted by name."""
    with os.scandir(folder.path) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    if not is_top and any(entry.name == "pyvenv.cfg" for entry in entries):
        return []
    ignores = folder.ignores.entering(folder.path)
    places = (_place(entry, folder.shown, ignores) for entry in entries)
    return [place for place in places if place and not ignores.ignores(place.path, place.is_folder)]


def _place(entry: os.DirEntry[str], parent: str, ignores: Ignores) -> _Place | None:
    """The entry as a place, or None where it is neither a folder to enter nor a file to read."""
    shown = os.path.join(parent, entry.name)
    if entry.is_dir(follow_symlinks=False):
        return None if entry.name in EXCLUDED_FOLDERS else _Place(shown, entry.path, True, ignores)
    is_source = entry.name.endswith(SUFFIXES) and os.path.isfile(entry.path)
    return _Place(shown, entry.path) if is_source else None
