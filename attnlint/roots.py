"""Which definitions of a module may be analysed: those that hold something relevant, and those that reach one.

All of this is text search. A definition is a root when a trigger matches its text, or a name that was bound to
something relevant elsewhere (``self.attend = nn.Softmax(dim=-1)`` in a constructor), or a call of a relevant definition
of the same module: whether such a caller has anything to add is told by `attnlint.calling`.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from attnlint.syntax.outline import ClassOutline, Definition, ModuleOutline
from attnlint.time_limit import check
from attnlint.triggers import HEADS, SITE

_TOO_COMMON = frozenset({"forward", "__init__", "__call__", "main", "call", "reset_parameters"})
_BINDING = re.compile(r"(?:[ \t]+self\.)?(\w+)[ \t]*(?::[^=]+)?=[^=]")
"""The beginning of a line that binds an attribute, or a name of the module."""
_LOOP = re.compile(r"\bfor[ \t]{1,40}([\w(][\w \t,()]{0,400}?)[ \t]in[ \t]{1,40}([^\s:][^\n:]{0,400})")
"""What a loop binds, and what it goes through."""
_WORD = re.compile(r"\w+")
_CALL_BACKWARDS = re.compile(r"\([ \t]*(\w+)")
"""A call in text that is read from its end, where a search for brackets is many times faster than one for names."""
_TAKING = tuple(rf"{word}\((?<!\w{word}\()\s*(?:self\.)?(\w+)" for word in ("map", "partial", "checkpoint"))
"""Calls that are handed a function."""


_PRODUCT_OR_FILL = re.compile(r"matmul|einsum|bmm|[^\n]@|\.mm\(|\.dot\(|masked_fill|where\(|tri[ul]\(|\] *= ")
"""What a file holds if scores can be made or masked in it."""


def may_matter(data: bytes, triggers: Sequence[str]) -> bool:
    """Whether any trigger matches a file, before anything is decoded.

    One search a trigger: a pattern that begins with plain text is found many times faster than an alternation.
    """
    data = b"\n" + (data.replace(b"\r", b"\n") if b"\r" in data else data)
    return any(literal in data and pattern.search(data) for literal, pattern in map(_in_bytes, triggers))


@lru_cache(maxsize=512)
def _in_bytes(trigger: str) -> tuple[bytes, re.Pattern[bytes]]:
    literal, pattern = _in_text(trigger)
    return literal.encode("ascii"), re.compile(pattern.pattern.encode("ascii"), re.MULTILINE)


@lru_cache(maxsize=512)
def _in_text(trigger: str) -> tuple[str, re.Pattern[str]]:
    """The plain text that whatever a trigger matches begins with, and the pattern. ``^`` is taken as a line end before
    it, in text that begins with one."""
    pattern = f"\n{trigger[1:]}" if trigger.startswith("^") else trigger
    return plain_beginning(pattern), re.compile(pattern, re.MULTILINE)


_PLAIN = re.compile(r"(?:[\w \n=@]|\\[.()*\[\]])*")
_NO_ALTERNATIVE = re.compile(r"(?:[^\\()\[|]|\\.|\[\^?\]?(?:\\.|[^\]\\])*\])*")


def plain_beginning(pattern: str) -> str:
    """The text that every match of a regular expression begins with; empty where that is not easy to tell."""
    rest = pattern
    while (shorter := re.sub(r"\((?:[^\\()\[]|\\.|\[\^?\]?(?:\\.|[^\]\\])*\])*\)", "", rest)) != rest:
        rest = shorter  # what stands in groups is no alternative of the whole
    plain = _PLAIN.match(pattern)
    if not _NO_ALTERNATIVE.fullmatch(rest) or plain is None:
        return ""
    found = plain[0]
    if pattern[plain.end() : plain.end() + 1] in ("?", "*", "{"):
        found = found[:-2] if found[-2:-1] == "\\" else found[:-1]
    return found.replace("\\", "")


def roots(outline: ModuleOutline, triggers: Iterable[str]) -> list[Root]:
    """The definitions to analyse, in source order, the module's own statements last."""
    return _Search(outline).roots(tuple(triggers))


@dataclass(frozen=True)
class Root:
    """A definition to analyse."""

    definition: Definition
    reaches_site: bool
    """Whether it holds an attention site, or a part of one, or calls what does: what its object is made of matters."""
    known_as: frozenset[str] = frozenset()
    """For a definition that holds a site: the names under which others call it."""
    asks_of: frozenset[str] = frozenset()
    """For a definition that only calls what holds a site: under which names. It matters where it tells more about
    those, see `attnlint.calling`."""


class _Search:
    """Searches the text of one module once for each question, and tells which definitions hold the hits."""

    def __init__(self, outline: ModuleOutline) -> None:
        self._outline = outline
        self._text = outline.plain.searched
        self._functions = list(outline.definitions())
        self._begins = [function.lines.first for function in self._functions]
        self._starts = [0, *(match.end() for match in re.finditer("\n", self._text))]
        self._known_hits: dict[str, frozenset[int]] = {}
        self._known_holders: dict[str, frozenset[str]] = {}

    def roots(self, triggers: tuple[str, ...]) -> list[Root]:
        """See the function of that name."""
        sites = [trigger for trigger in triggers if trigger in SITE]
        if not _PRODUCT_OR_FILL.search(self._text):
            sites = [trigger for trigger in sites if "oftmax" not in trigger]
        holding = self._holding_site(self._lines(sites)) if sites else set()
        callers = self._calls_of(holding)
        reaching = holding | callers.keys()
        lines = self._lines([trigger for trigger in triggers if trigger not in SITE])
        local = self._holding(lines)
        found = reaching | local
        split = self._holding(self._lines([trigger for trigger in triggers if trigger in HEADS]))
        own = [
            Root(
                definition=one,
                reaches_site=one in reaching or one in split,
                known_as=self._names_of(one) if one in holding else frozenset(),
                asks_of=callers.get(one, frozenset()) if one not in local else frozenset(),
            )
            for one in self._functions
            if one in found
        ]
        calls = self._calling(self._called(reaching))
        if self._outside(sorted({*self._lines(sites), *lines, *calls})):
            own.append(Root(self._outline.plain_body, True))
        return own

    def _holding_site(self, lines: list[int]) -> set[Definition]:
        """Definitions that hold an attention site, or a part of one, of which some stands on these lines."""
        holding = self._holding(lines)
        bound = {name for name, path in self._outline.imports.items() if any(_in_text(t)[1].search(path) for t in SITE)}
        making = [*lines, *self._calling(bound)]
        bound.update(name for line in making if (name := self._bound_on(line)))
        for loop in _LOOP.finditer(self._text) if bound else ():
            check()
            if not bound.isdisjoint(_WORD.findall(loop[2])):
                bound.update(_WORD.findall(loop[1]))
        return holding | {one for one in self._holding(self._calling(bound)) if one.name != "__init__"}

    def _calls_of(self, holding: set[Definition]) -> dict[Definition, frozenset[str]]:
        """The other definitions that call one of these, and under which names."""
        calls: dict[Definition, set[str]] = {}
        for name in self._called(holding):
            for caller in self._holding(self._calling({name})) - holding:
                calls.setdefault(caller, set()).add(name)
        return {caller: frozenset(names) for caller, names in calls.items() if caller.name != "__init__"}

    def _called(self, relevant: Iterable[Definition]) -> set[str]:
        """Names under which definitions are called."""
        return {name for definition in relevant for name in self._names_of(definition)}

    def _names_of(self, definition: Definition) -> frozenset[str]:
        """Names under which a definition is called: its own, or those of the attributes that hold its objects."""
        if definition.name in ("forward", "__call__") and isinstance(definition.parent, ClassOutline):
            return self._holders_of(definition.parent.name)
        return frozenset() if definition.name in _TOO_COMMON else frozenset([definition.name])

    def _holders_of(self, name: str) -> frozenset[str]:
        """The attributes, and names of the module, that hold objects of a class."""
        if name not in self._known_holders:
            held = map(self._bound_on, self._calling({name}))
            self._known_holders[name] = frozenset(attribute for attribute in held if attribute is not None)
        return self._known_holders[name]

    def _calling(self, names: set[str]) -> list[int]:
        """Lines on which one of the names is called, or handed to ``map`` and its like."""
        return sorted({self._line_of(end) for name in names for end in self._calls.get(name, ())})

    @cached_property
    def _calls(self) -> dict[str, list[int]]:
        """The names that are called, and where their brackets are; those that are handed to ``map`` and its like, and
        where they end."""
        found: dict[str, list[int]] = {}
        for match in _CALL_BACKWARDS.finditer(self._text[::-1]):
            check()
            found.setdefault(match[1][::-1], []).append(len(self._text) - match.start())
        for word in _TAKING:
            for match in _in_text(word)[1].finditer(self._text):
                found.setdefault(match[1], []).append(match.end())
        return found

    # -- lines

    def _lines(self, triggers: Iterable[str]) -> list[int]:
        """Lines, 1-based, on which a trigger matches."""
        return sorted({line for trigger in triggers for line in self._hits(trigger)})

    def _hits(self, trigger: str) -> frozenset[int]:
        """Lines on which one trigger matches; one that begins with ``^`` asks for an expression statement."""
        if trigger not in self._known_hits:
            self._known_hits[trigger] = frozenset(self._found(trigger))
        return self._known_hits[trigger]

    def _found(self, trigger: str) -> Iterator[int]:
        literal, pattern = _in_text(trigger)
        if trigger.startswith("^"):
            text, starts = self._below_a_line_end, self._starts
            yield from (line for line in self._outline.expression_lines if pattern.match(text, starts[line - 1]))
        elif literal in self._text:
            yield from (self._line_of(match.end()) for match in pattern.finditer(self._text))

    @cached_property
    def _below_a_line_end(self) -> str:
        return f"\n{self._text}"

    def _line_of(self, end: int) -> int:
        """The line on which something ends."""
        return bisect_left(self._starts, end)

    def _bound_on(self, line: int) -> str | None:
        """What the statement binds that a line is part of: an attribute, or a name of the module."""
        binding = _BINDING.match(self._line(self._outline.begin_of(line)))
        return binding[1] if binding is not None else None

    def _line(self, number: int) -> str:
        end = self._starts[number] if number < len(self._starts) else len(self._text)
        return self._text[self._starts[number - 1] : end]

    def _holding(self, lines: Iterable[int]) -> set[Definition]:
        """The functions that some of the lines belong to."""
        above = ((line, bisect_right(self._begins, line) - 1) for line in lines)
        return {
            self._functions[place] for line, place in above if place >= 0 and line <= self._functions[place].lines.last
        }

    def _outside(self, lines: list[int]) -> bool:
        """Whether any line belongs to the module's own statements."""
        blocks = [blank.definition.lines for blank in self._outline.plain_body.blanks]
        begins = [block.first for block in blocks]
        above = ((line, bisect_right(begins, line)) for line in lines)
        return any(not place or line > blocks[place - 1].last for line, place in above)
