"""The .gitignore files that speak about a place, with git's own order of precedence."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pathspec import GitIgnoreSpec

from attnlint.sources.globbing import spec_of
from attnlint.sources.read import contents

IGNORE_FILE = ".gitignore"
LARGEST = 2**17
"""How many bytes such a file may have."""


@dataclass(frozen=True)
class _IgnoreFile:
    folder: str
    spec: GitIgnoreSpec

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """Whether the path is ignored, or None where no pattern matches it."""
        relative = path.removeprefix(self.folder).strip(os.sep).replace(os.sep, "/")
        return self.spec.check_file(relative + "/" * is_folder).include


@dataclass(frozen=True)
class Ignores:
    """The .gitignore files in force in a folder, outermost first. Paths are absolute."""

    files: tuple[_IgnoreFile, ...] = ()

    @classmethod
    def above(cls, folder: str) -> Ignores:
        """What the folders that contain ``folder`` say about it, from the root of its git repository down.

        A folder that is itself ignored, once named, is searched all the same: what ignores it is left out.
        """
        ignores = cls()
        for parent, child in pairwise(_from_git_root(folder)):
            ignores = ignores.entering(parent)
            if ignores.ignores(child, is_folder=True):
                ignores = cls()
        return ignores

    def entering(self, folder: str) -> Ignores:
        """These and the folder's own .gitignore, if it has one that can be read."""
        lines = _read(Path(folder, IGNORE_FILE))
        if lines is None:
            return self
        return Ignores((*self.files, _IgnoreFile(folder, spec_of(lines))))

    def ignores(self, path: str, is_folder: bool) -> bool:
        """Whether the innermost file that speaks of the path ignores it."""
        verdicts = (file.verdict(path, is_folder) for file in reversed(self.files))
        return next((verdict for verdict in verdicts if verdict is not None), False)


def _read(path: Path) -> list[str] | None:
    """The lines of a file; None for links, which git does not follow here either, for pipes and devices, which may
    never end, and for what is too large to be patterns that somebody wrote."""
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
            return None
        return contents(path).decode("utf-8", "replace").splitlines()
    except OSError:
        return None


def _from_git_root(folder: str) -> list[str]:
    """The folders from the root of the git repository down to ``folder``; that alone where there is no repository."""
    here = Path(folder)
    chain = [here, *here.parents]
    root = next((depth for depth, parent in enumerate(chain) if (parent / ".git").exists()), 0)
    return [str(parent) for parent in reversed(chain[: root + 1])]
