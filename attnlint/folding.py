"""Findings in copies of code are folded under the finding of the original.

A finding repeats another when comments say that its code was copied or generated from the other's (`CopiedFrom`), and
both are of the same rule, stand in the same definition and have the same text, after what the comment says was renamed.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from attnlint.diagnostics import CopiedFrom, Copy, Diagnostic
from attnlint.inheritance import Sources
from attnlint.modules import Files, Module, Modules

_GROWTH = 4
"""How many times longer than a copy and its original a text may be between two renames."""
_ANYWAY = 1000
"""Characters that it may have in any case: names are short."""


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


def _first(diagnostic: Diagnostic, links: dict[Diagnostic, Diagnostic]) -> Diagnostic:
    """The beginning of a chain; all that were passed on the way to it are linked to it, so that none stays long."""
    passed = []
    while diagnostic in links:
        passed.append(diagnostic)
        diagnostic = links[diagnostic]
    links.update(dict.fromkeys(passed, diagnostic))
    return diagnostic


class _Candidates:
    """Findings by their code and file, in which originals are looked for."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self._sources = Sources()
        self._found: dict[tuple[str, str], list[Diagnostic]] = defaultdict(list)
        for each in diagnostics:
            self._found[each.code, each.path].append(each)
        self._modules = Modules()
        self._files: dict[str, Files] = defaultdict(lambda: Files(self._modules))
        for code, path in self._found:
            self._files[code].add(path)

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
        files = self._files[copy.code]
        for module, target in self._readings(origin, copy.path, files.longest):
            for path in files.meant(module, copy.path) if _is_file(origin) else files.named(module, copy.path):
                there = (each for each in self._found[copy.code, path] if each is not copy)
                yield from (each for each in there if _repeats(copy, each, origin, target))

    def _readings(self, origin: CopiedFrom, path: str, longest: int) -> Iterator[tuple[Module, str]]:
        """What an origin may mean: a module, by the end of its path, and a definition in it. A dotted name does not say
        where the one ends and the other begins; one without a module is a definition of the same file."""
        if _is_file(origin):
            source = os.path.normpath(origin.source.replace("\\", "/"))
            yield self._modules.of(source), origin.target or origin.definition
            return
        parts = tuple(origin.source.split("."))
        for end in range(min(len(parts), longest), 0, -1):
            yield parts[:end], ".".join(parts[end:]) or origin.definition
        yield self._modules.of(path), origin.source


def _is_file(origin: CopiedFrom) -> bool:
    return origin.source.endswith(".py")


def _repeats(copy: Diagnostic, original: Diagnostic, origin: CopiedFrom, target: str) -> bool:
    """Whether the definitions and the texts of two findings correspond."""
    inside = _inside(original.content.definition, target) if origin.definition else original.content.definition
    expected = _inside(copy.content.definition, origin.definition) if origin.definition else copy.content.definition
    if inside is None or expected is None or not _is_copy(expected, inside, origin):
        return False
    return _is_copy(copy.content.text, original.content.text, origin)


def _inside(definition: str, outer: str) -> str | None:
    """The name of a definition from inside another: empty for that itself, None for one that is not in it."""
    if definition == outer or not outer:
        return "" if definition == outer else definition
    return definition[len(outer) + 1 :] if definition.startswith(f"{outer}.") else None


def _is_copy(copy: str, original: str, origin: CopiedFrom) -> bool:
    """Whether one text is the other, as it is or after what the comment says was renamed, in the order it says that.

    Each name may be replaced by one that has it twice, so a text that grows far beyond both is not made: it is no copy.
    """
    if copy == original:
        return True
    text, longest = original, max(_ANYWAY, _GROWTH * max(len(copy), len(original)))
    for old, new in origin.renames:
        if len(text) + text.count(old) * (len(new) - len(old)) > longest:
            return False
        text = text.replace(old, new)
    return copy == text
