"""Which files a run reads: named files as they are, folders searched for Python files."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from attnlint.diagnostics import Problem
from attnlint.sources.gitignore import Ignores
from attnlint.sources.read import STDIN, unreadable
from attnlint.sources.scope import Patterns, Scope

SUFFIX = ".py"
INCLUDED = (f"*{SUFFIX}",)
"""Patterns of the files that a search takes unless it is told otherwise."""

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
"""Names of folders that a search does not enter unless it is told otherwise."""

USUAL = Scope(Patterns.of(INCLUDED), Patterns.of(sorted(EXCLUDED_FOLDERS)))
"""What a search takes unless it is told otherwise."""
_NOTHING_IGNORED = Ignores()

Scopes = Callable[[str], Scope]
"""What holds in a folder, by its absolute path."""


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


def find_sources(
    paths: Iterable[str | os.PathLike[str]], scopes: Scopes = lambda folder: USUAL
) -> Iterator[str | Problem]:
    """The files to read for ``paths`` (files, folders and ``-`` for standard input), each once, as to be shown.

    Folders are searched in sorted order for what their `Scope` includes, without what it excludes, what .gitignore
    files ignore, and virtual environments; linked folders are not entered, so no loop of links is followed. What is
    named is excluded only where the scope says so. A path that is missing, or a folder that cannot be listed, is a
    `Problem`.
    """
    seen: set[str | Problem] = set()
    for path in paths:
        for found in _expand(os.fspath(path), scopes):
            identity = found.identity if isinstance(found, _Place) else found
            if identity not in seen:
                seen.add(identity)
                yield found.shown if isinstance(found, _Place) else found


def absolute_path(path: str) -> str:
    """Where a file really lies, under its own name even if that is a link."""
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name)


def _expand(path: str, scopes: Scopes) -> Iterator[_Place | Problem]:
    if path == STDIN:
        yield scopes(os.getcwd()).problem or _Place(STDIN, STDIN)
        return
    try:
        is_folder = stat.S_ISDIR(os.stat(path).st_mode)
    except (OSError, ValueError) as error:
        yield unreadable(path, error)
        return
    absolute = os.path.realpath(path) if is_folder else absolute_path(path)
    scope = scopes(os.path.dirname(absolute))
    if scope.force_exclude and scope.exclude.matches(absolute, is_folder):
        return
    if is_folder:
        yield from _search(_Place.top(path), scopes)
    else:
        yield scope.problem or _Place(path, absolute)


def _search(top: _Place, scopes: Scopes) -> Iterator[_Place | Problem]:
    pending = [top]
    while pending:
        place = pending.pop()
        if not place.is_folder:
            yield place
            continue
        scope = scopes(place.path)
        if scope.problem is not None:
            yield scope.problem
        try:
            inside = _list(place, top, scope)
        except OSError as error:
            yield unreadable(place.shown or os.curdir, error)
            continue
        pending.extend(reversed(inside))


def _list(folder: _Place, top: _Place, scope: Scope) -> list[_Place]:
    """What a search goes on to from a folder, sorted by name."""
    with os.scandir(folder.path) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    if folder is not top and any(entry.name == "pyvenv.cfg" for entry in entries):
        return []
    exclude = scope.exclude if scope.force_exclude else scope.exclude.sparing(top.path)
    ignores = folder.ignores.entering(folder.path) if scope.respect_gitignore else folder.ignores
    places = (_place(entry, folder.shown, ignores, scope) for entry in entries)
    return [
        place
        for place in places
        if place
        and not exclude.matches(place.path, place.is_folder)
        and not (scope.respect_gitignore and ignores.ignores(place.path, place.is_folder))
    ]


def _place(entry: os.DirEntry[str], parent: str, ignores: Ignores, scope: Scope) -> _Place | None:
    """The entry as a place, or None where it is neither a folder nor a file that the search takes."""
    shown = os.path.join(parent, entry.name)
    if entry.is_dir(follow_symlinks=False):
        return _Place(shown, entry.path, True, ignores)
    is_wanted = scope.problem is None and scope.include.matches(entry.path)
    return _Place(shown, entry.path) if is_wanted and os.path.isfile(entry.path) else None
