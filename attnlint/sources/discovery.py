"""Which files a run reads: named files as they are, folders searched for Python and documents that hold it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from attnlint.diagnostics import Problem
from attnlint.documents import SUFFIXES
from attnlint.sources.gitignore import Ignores
from attnlint.sources.read import STDIN, unreadable
from attnlint.sources.scope import Patterns, Scope

INCLUDED = tuple(f"*{suffix}" for suffix in SUFFIXES)
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
    is_real: bool = False
    """Whether no link leads to it."""

    @classmethod
    def top(cls, folder: str) -> _Place:
        real = os.path.realpath(folder)
        return cls("" if folder == os.curdir else folder, real, True, Ignores.above(real))

    @property
    def identity(self) -> str:
        """What is the same for two paths to one file."""
        return self.path if self.is_real or self.path == STDIN else os.path.realpath(self.path)


def find_sources(
    paths: Iterable[str | os.PathLike[str]], scopes: Scopes = lambda folder: USUAL, stdin_filename: str = STDIN
) -> Iterator[str | Problem]:
    """The files to read for ``paths`` (files, folders and ``-`` for standard input), each once, as to be shown.

    Folders are searched in sorted order for what their `Scope` includes, without what it excludes, what .gitignore
    files ignore, and virtual environments; linked folders are not entered, so no loop of links is followed. What is
    named is excluded only where the scope says so. Standard input stands for the file ``stdin_filename``, which is not
    read besides. A path that is missing, or a folder that cannot be listed, is a `Problem`.
    """
    names = [os.fspath(path) for path in paths]
    seen: set[str | Problem] = set()
    if STDIN in names and stdin_filename != STDIN:
        seen.add(os.path.realpath(stdin_filename))
    for name in names:
        for found in _expand(name, scopes, stdin_filename):
            identity = found.identity if isinstance(found, _Place) else found
            if identity not in seen:
                seen.add(identity)
                yield found.shown if isinstance(found, _Place) else found


def absolute_path(path: str) -> str:
    """Where a file really lies, under its own name even if that is a link."""
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name)


def _expand(path: str, scopes: Scopes, stdin_filename: str) -> Iterator[_Place | Problem]:
    if path == STDIN:
        yield from _named(_Place(STDIN, STDIN), absolute_path(stdin_filename), scopes)
        return
    try:
        is_folder = stat.S_ISDIR(os.stat(path).st_mode)
    except (OSError, ValueError) as error:
        yield unreadable(path, error)
        return
    absolute = os.path.realpath(path) if is_folder else absolute_path(path)
    yield from _named(_Place.top(path) if is_folder else _Place(path, absolute), absolute, scopes)


def _named(place: _Place, absolute: str, scopes: Scopes) -> Iterator[_Place | Problem]:
    """What somebody asked for by a path, unless that is excluded even so."""
    scope = scopes(os.path.dirname(absolute))
    if scope.force_exclude and scope.exclude.matches(absolute, place.is_folder):
        return
    if place.is_folder:
        yield from _search(place, scopes)
    else:
        yield scope.problem or place


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
    is_link = entry.is_symlink()
    is_file = os.path.isfile(entry.path) if is_link else entry.is_file()
    return _Place(shown, entry.path, is_real=not is_link) if is_wanted and is_file else None
