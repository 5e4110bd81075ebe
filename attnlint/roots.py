"""Which definitions of a module are analysed: those that hold something relevant, and those that reach one.

All of this is text search. A definition is a root when a trigger matches its text, or a name that was bound to
something relevant elsewhere (``self.attend = nn.Softmax(dim=-1)`` in a constructor), or a call of a relevant definition
of the same module, for the arguments that the caller passes on.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from attnlint.attention.triggers import HEADS, SITE
from attnlint.syntax.outline import ClassOutline, Definition, ModuleOutline

_TOO_COMMON = frozenset({"forward", "__init__", "__call__", "main", "call", "reset_parameters"})
_BINDING = re.compile(r"(?:[ \t]+self\.)?(\w+)[ \t]*(?::[^=]+)?=[^=]")
"""The beginning of a line that binds an attribute, or a name of the module."""
_LOOP = re.compile(r"\bfor[ \t]{1,40}([\w \t,()]{1,400}?)[ \t]{1,40}in[ \t]{1,40}([^\n:]{1,400})")
"""What a loop binds, and what it goes through."""
_WORD = re.compile(r"\w+")
_CALL = re.compile(r"\b(?:map|partial|checkpoint)\(\s*(?:self\.)?(\w+)|\b(\w+)[ \t]*\(")


_PRODUCT_OR_FILL = re.compile(r"matmul|einsum|bmm|[^\n]@|\.mm\(|\.dot\(|masked_fill|where\(|tri[ul]\(|\] *= ")
"""What a file holds if scores can be made or masked in it."""


@lru_cache(maxsize=512)
def _pattern(trigger: str) -> re.Pattern[str]:
    return re.compile(_searchable(trigger), re.MULTILINE)


@lru_cache(maxsize=512)
def _byte_pattern(trigger: str) -> re.Pattern[bytes]:
    return re.compile(_searchable(trigger).encode("ascii"), re.MULTILINE)


def _searchable(trigger: str) -> str:
    """``^`` as a line end before it, in text that begins with one: plain text is looked for many times faster."""
    return f"\n{trigger[1:]}" if trigger.startswith("^") else trigger


def may_matter(data: bytes, triggers: Sequence[str]) -> bool:
    """Whether any trigger matches a file, before anything is decoded.

    One search a trigger: a pattern that begins with plain text is found many times faster than an alternation.
    """
    data = b"\n" + (data.replace(b"\r", b"\n") if b"\r" in data else data)
    return any(_byte_pattern(trigger).search(data) for trigger in triggers)


def roots(outline: ModuleOutline, triggers: Iterable[str]) -> list[Root]:
    """The definitions to analyse, in source order, the module's own statements last."""
    return _Search(outline).roots(tuple(triggers))


@dataclass(frozen=True)
class Root:
    """A definition to analyse. ``reaches_site``: it holds an attention site, or a part of one, or calls what does, so
    that what its object is made of matters. ``is_caller``: it only calls what does, which matters where a site depends
    on what is handed to it."""

    definition: Definition
    reaches_site: bool
    is_caller: bool = False


class _Search:
    """Searches the text of one module once for each question, and tells which definitions hold the hits."""

    def __init__(self, outline: ModuleOutline) -> None:
        self._outline = outline
        self._text = outline.plain.searched
        self._functions = list(outline.definitions())
        self._starts = [0, *(match.end() for match in re.finditer("\n", self._text))]

    def roots(self, triggers: tuple[str, ...]) -> list[Root]:
        """See the function of that name."""
        sites = [trigger for trigger in triggers if trigger in SITE]
        if not _PRODUCT_OR_FILL.search(self._text):
            sites = [trigger for trigger in sites if "oftmax" not in trigger]
        holding, callers = self._reaching(self._lines(sites)) if sites else (set(), set())
        reaching = holding | callers
        lines = self._lines([trigger for trigger in triggers if trigger not in SITE])
        local = self._holding(lines)
        found = reaching | local
        split = self._holding(self._lines([trigger for trigger in triggers if trigger in HEADS]))
        own = [
            Root(d, d in reaching or d in split, d in callers and d not in local) for d in self._functions if d in found
        ]
        calls = self._calling(self._called(reaching))
        if self._outside(sorted({*self._lines(sites), *lines, *calls})):
            own.append(Root(self._outline.plain_body, True))
        return own

    def _reaching(self, lines: list[int]) -> tuple[set[Definition], set[Definition]]:
        """Definitions that hold an attention site, and those that call one of these."""
        holding = self._holding(lines)
        bound = {name for name, path in self._outline.imports.items() if any(_pattern(t).search(path) for t in SITE)}
        making = [*lines, *self._calling(bound)]
        bound.update(match[1] for line in making if (match := _BINDING.match(self._line(line))))
        for loop in _LOOP.finditer(self._text) if bound else ():
            if not bound.isdisjoint(_WORD.findall(loop[2])):
                bound.update(_WORD.findall(loop[1]))
        holding |= {d for d in self._holding(self._calling(bound)) if d.name != "__init__"}
        callers = self._holding(self._calling(self._called(holding))) - holding
        return holding, {definition for definition in callers if definition.name != "__init__"}

    def _called(self, relevant: Iterable[Definition]) -> set[str]:
        """Names under which definitions are called: their own, and the attributes that hold their objects."""
        functions: set[str] = set()
        classes: set[str] = set()
        for definition in relevant:
            if definition.name in ("forward", "__call__") and isinstance(definition.parent, ClassOutline):
                classes.add(definition.parent.name)
            elif definition.name not in _TOO_COMMON:
                functions.add(definition.name)
        for name in classes:
            for line in self._calls.get(name, ()):
                held = _BINDING.match(self._line(line))
                functions.update([held[1]] if held is not None else [])
        return functions

    @cached_property
    def _calls(self) -> dict[str, list[int]]:
        """Lines on which a name is called, or handed to ``map`` and its like."""
        lines: dict[str, list[int]] = defaultdict(list)
        for match in _CALL.finditer(self._text):
            lines[match[1] or match[2]].append(bisect_left(self._starts, match.end()))
        return lines

    def _calling(self, names: set[str]) -> list[int]:
        return sorted({line for name in names for line in self._calls.get(name, ())})

    # -- lines

    def _lines(self, triggers: Iterable[str]) -> list[int]:
        """Lines, 1-based, on which a trigger matches; one that begins with ``^`` asks for an expression statement."""
        hits: set[int] = set()
        for trigger in triggers:
            statement = trigger.startswith("^")
            text = f"\n{self._text}" if statement else self._text
            lines = {bisect_left(self._starts, m.end() - statement) for m in _pattern(trigger).finditer(text)}
            hits |= lines & self._outline.expression_lines if lines and statement else lines
        return sorted(hits)

    def _line(self, number: int) -> str:
        end = self._starts[number] if number < len(self._starts) else len(self._text)
        return self._text[self._starts[number - 1] : end]

    def _holding(self, lines: list[int]) -> set[Definition]:
        return {d for d in self._functions if _any_within(lines, d.lines.first, d.lines.last)}

    def _outside(self, lines: list[int]) -> bool:
        """Whether any line belongs to the module's own statements."""
        blocks = [blank.definition for blank in self._outline.plain_body.blanks]
        return any(all(not d.lines.first <= line <= d.lines.last for d in blocks) for line in lines)


def _any_within(lines: list[int], first: int, last: int) -> bool:
    place = bisect_left(lines, first)
    return place < len(lines) and lines[place] <= last
