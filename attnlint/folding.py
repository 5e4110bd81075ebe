"""Findings in copies of code are folded under the finding of the original.

A finding repeats another when comments say that its code was copied or generated from the other's (`CopiedFrom`), and
both are of the same rule, stand in the same definition and have the same text, after what the comment says was renamed.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

from attnlint.diagnostics import CopiedFrom, Copy, Diagnostic
from attnlint.inheritance import Sources

_PACKAGE = "__init__"


def fold(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The findings without those that repeat others; these know where their copies stand."""
    found = originals(diagnostics)
    copies: dict[Diagnostic, list[Copy]] = defaultdict(list)
    for copy, original in found.items():
        copies[original].append(Copy(copy.path, copy.span, copy.cell, copy.file_line))
    return [replace(each, copies=tuple(copies[each])) for each in diagnostics if each not in found]


def originals(diagnostics: Sequence[Diagnostic]) -> Mapping[Diagnostic, Diagnostic]:
    """For each finding that repeats another, in order, the one at the beginning of the chain of copies."""
    links: dict[Diagnostic, Diagnostic] = {}
    if any(each.content.origins for each in diagnostics):
        candidates = _Candidates(diagnostics)
        taken: set[tuple[str, Diagnostic]] = set()
        for copy in diagnostics:
            for original in candidates.of(copy):
                if (copy.path, original) not in taken and _first(original, links) is not copy:
                    taken.add((copy.path, original))
                    links[copy] = original
                    break
    return {copy: _first(copy, links) for copy in links}


def _first(diagnostic: Diagnostic, links: Mapping[Diagnostic, Diagnostic]) -> Diagnostic:
    while diagnostic in links:
        diagnostic = links[diagnostic]
    return diagnostic


class _Candidates:
    """Findings by their code and the name of their module, in which originals are looked for."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self._sources = Sources()
        self._found: dict[tuple[str, str], list[Diagnostic]] = defaultdict(list)
        for each in diagnostics:
            self._found[each.code, _module(each.path)[-1]].append(each)

    def of(self, copy: Diagnostic) -> Iterator[Diagnostic]:
        """The findings that ``copy`` may repeat, the likeliest first."""
        for origin in copy.content.origins:
            yield from self._named(copy, origin)
        for origin in copy.content.origins:
            if _is_file(origin) and not origin.definition:
                for further in self._sources.inherited(copy, origin):
                    yield from self._named(copy, further)

    def _named(self, copy: Diagnostic, origin: CopiedFrom) -> Iterator[Diagnostic]:
        """The findings that ``copy`` repeats if it comes from an origin."""
        for module, target in _readings(origin, copy.path):
            named = self._found.get((copy.code, module[-1]), ())
            near = sorted({each.path for each in named}, key=lambda path: _likeness(path, module, copy.path))
            for path in reversed([path for path in near if _is_meant(path, module, copy.path, origin)]):
                there = (each for each in named if each.path == path and each is not copy)
                yield from (each for each in there if _repeats(copy, each, origin, target))


def _readings(origin: CopiedFrom, path: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """What an origin may mean: a module, by the end of its path, and a definition in it. A dotted name does not say
    where the one ends and the other begins; one without a module is a definition of the same file."""
    if _is_file(origin):
        yield _module(os.path.normpath(origin.source.replace("\\", "/"))), origin.target or origin.definition
        return
    parts = tuple(origin.source.split("."))
    for end in range(len(parts), 0, -1):
        yield parts[:end], ".".join(parts[end:]) or origin.definition
    yield _module(path), origin.source


def _is_file(origin: CopiedFrom) -> bool:
    return origin.source.endswith(".py")


def _is_meant(path: str, module: tuple[str, ...], copy: str, origin: CopiedFrom) -> bool:
    """Whether a linted file is the one that the comment in ``copy`` names: its path ends as the comment has it. The
    first folders of a file may be others, as in an installed package, or all of them if it stands beside the copy."""
    if not _is_file(origin):
        return _module(path)[-len(module) :] == module
    is_beside = os.path.dirname(os.path.abspath(path)) == os.path.dirname(os.path.abspath(copy))
    return is_beside or _common_end(path, module) >= min(2, len(module))


def _likeness(path: str, module: tuple[str, ...], copy: str) -> tuple[int, int]:
    """How well a linted file fits the name of a module, and how near it is to the copy."""
    return _common_end(path, module), _agreeing(_module(path), _module(copy))


def _common_end(path: str, module: tuple[str, ...]) -> int:
    return _agreeing(_module(path)[::-1], module[::-1])


def _agreeing(one: Sequence[str], other: Sequence[str]) -> int:
    """How many parts two paths have in common from the first on."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _module(path: str) -> tuple[str, ...]:
    """The parts of a file's absolute path without its suffix; a package is its folder."""
    parts = Path(os.path.abspath(path)).with_suffix("").parts
    return parts[:-1] if parts[-1:] == (_PACKAGE,) and len(parts) > 1 else parts


def _repeats(copy: Diagnostic, original: Diagnostic, origin: CopiedFrom, target: str) -> bool:
    """Whether the definitions and the texts of two findings correspond."""
    inside = _inside(original.content.definition, target) if origin.definition else original.content.definition
    expected = _inside(copy.content.definition, origin.definition) if origin.definition else copy.content.definition
    if inside is None or expected not in (inside, _renamed(inside, origin)):
        return False
    return copy.content.text in (original.content.text, _renamed(original.content.text, origin))


def _inside(definition: str, outer: str) -> str | None:
    """The name of a definition from inside another: empty for that itself, None for one that is not in it."""
    if definition == outer or not outer:
        return "" if definition == outer else definition
    return definition[len(outer) + 1 :] if definition.startswith(f"{outer}.") else None


def _renamed(text: str, origin: CopiedFrom) -> str:
    for old, new in origin.renames:
        text = text.replace(old, new)
    return text
