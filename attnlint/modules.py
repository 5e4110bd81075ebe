"""The names of modules that files have, and the files that a name means, the nearest first."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

Module = tuple[str, ...]
"""The parts of a file's absolute path without its suffix; a package is its folder."""
_PACKAGE = "__init__"


class Modules:
    """The module of each file, told once."""

    def __init__(self) -> None:
        self._known: dict[str, Module] = {}

    def of(self, path: str) -> Module:
        """The module of a file."""
        if path not in self._known:
            self._known[path] = _module(path)
        return self._known[path]


class Files:
    """Files by the ends of their modules' names. To find one does not mean to look at all that have the same name."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._beside: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._ending: dict[Module, list[str]] = defaultdict(list)
        self._below: dict[Module, dict[Module, list[str]]] = {}
        self.longest = 0
        """How many parts a module has at most; no file is meant by more."""

    def add(self, path: str) -> None:
        """A further file."""
        module = self._modules.of(path)
        self.longest = max(self.longest, len(module))
        self._beside[_folder(path), module[-1]].append(path)
        for length in range(1, len(module) + 1):
            self._ending[module[-length:]].append(path)
        self._below.clear()

    def named(self, module: Module, near: str) -> Iterator[str]:
        """The files whose module ends like that, those nearest to another file first."""
        below = self._by_folder(module) if module in self._ending else {}
        home = self._modules.of(near)
        seen: set[str] = set()
        for length in range(len(home), -1, -1):
            for path in below.get(home[:length], ()):
                if path not in seen:
                    seen.add(path)
                    yield path

    def meant(self, module: Module, copy: str) -> Iterator[str]:
        """The files that a comment in ``copy`` names by a path, the likeliest first: theirs ends as the comment has it.
        The first folders of a file may be others, as in an installed package, or all of them if it stands beside the
        copy."""
        seen: set[str] = set()
        for length in range(min(len(module), self.longest), min(2, len(module)) - 1, -1):
            for path in self.named(module[-length:], copy):
                if path not in seen:
                    seen.add(path)
                    yield path
        beside = self._beside.get((_folder(copy), module[-1]), ())
        modules_first = sorted(beside, key=lambda path: len(self._modules.of(path)), reverse=True)
        yield from (path for path in modules_first if path not in seen)

    def _by_folder(self, module: Module) -> dict[Module, list[str]]:
        """The files whose module ends like that, by what it may begin with."""
        if module not in self._below:
            below = self._below[module] = defaultdict(list)
            for path in self._ending[module]:
                full = self._modules.of(path)
                for length in range(len(full) + 1):
                    below[full[:length]].append(path)
        return self._below[module]


def _folder(path: str) -> str:
    return os.path.dirname(os.path.abspath(path))


def _module(path: str) -> Module:
    parts = Path(os.path.splitext(os.path.abspath(path))[0]).parts
    return parts[:-1] if parts[-1:] == (_PACKAGE,) and len(parts) > 1 else parts
