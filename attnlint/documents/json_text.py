"""Places in the text of JSON, and strings in it that change while everything around them stays as it was written."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

_SPACE = re.compile(r"[ \t\r\n]*")
_CHARACTER = re.compile(r"\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u[\da-fA-F]{4}|\\.|.", re.DOTALL)
"""What one character of a string is written as."""
_ESCAPED = re.compile(r"\\u(?!00[0-7])[\da-fA-F]{4}")
_NEW_LINE = r"\n"
_DECODER = json.JSONDecoder()


class Places:
    """Where the values of a JSON text begin. Each object and array is gone through once, when it is asked about."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[int, Mapping[str | int, int]] = {}

    def of(self, path: Sequence[str | int]) -> int:
        """The offset at which a value begins; of members with one name the last counts. Raises KeyError without it."""
        place = _behind_space(self._text, 0)
        for step in path:
            if place not in self._known:
                self._known[place] = dict(_inside(self._text, place))
            place = self._known[place][step]
        return place


def _inside(text: str, place: int) -> Iterator[tuple[str | int, int]]:
    """The members of an object or the elements of an array, which begins at a place, and where their values begin."""
    is_object = text[place] == "{"
    place = _behind_space(text, place + 1)
    number = 0
    while text[place] not in "]}":
        key: str | int = number
        if is_object:
            key, place = _DECODER.raw_decode(text, place)
            place = _behind_space(text, _behind_space(text, place) + 1)
        yield key, place
        place = _behind_space(text, _DECODER.raw_decode(text, place)[1])
        if text[place] == ",":
            place = _behind_space(text, place + 1)
        number += 1


def _behind_space(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place


def writes_ascii(text: str) -> bool:
    """Whether a text writes characters beyond ASCII as escapes; one that holds none is taken to write them plainly."""
    return text.isascii() and _ESCAPED.search(text) is not None


@dataclass(frozen=True)
class Change:
    """The characters from ``start`` to ``end`` of a joined text are to become others."""

    start: int
    end: int
    text: str


@dataclass
class _Character:
    """One character of a string, as it is written; ``gap`` is what stands before its string if it begins one."""

    written: str
    gap: str | None = None


class Strings:
    """A string, or a list of strings that make one text, as written in JSON; ``ascii`` is how new ones are written."""

    def __init__(self, text: str, place: int, ascii: bool) -> None:
        self._text = text
        self._ascii = ascii
        self.start = place
        self.end = _DECODER.raw_decode(text, place)[1]
        self._is_list = text[place] == "["
        self._begins = [begin for _, begin in _inside(text, place)] if self._is_list else [place]
        self._ends = [_DECODER.raw_decode(text, begin)[1] for begin in self._begins]
        strings = zip(self._begins, self._ends, strict=True)
        self._items = [_CHARACTER.findall(text, begin + 1, end - 1) for begin, end in strings]

    def place_of(self, character: int) -> int:
        """The offset in the JSON of the string that holds a character of the joined text."""
        item = bisect_right(self._starts, character) - 1
        return self._begins[min(item, len(self._begins) - 1)] if self._begins else self.start

    @cached_property
    def _starts(self) -> Sequence[int]:
        """How many characters of the joined text stand before each string, and in all."""
        return [0, *accumulate(map(len, self._items))]

    def changed(self, changes: Sequence[Change]) -> str:
        """What is to be written in the place of all: characters that no change covers as they were written.

        In a list, each new line becomes an element, set off as the others are.
        """
        characters = list(self._characters())
        for change in sorted(changes, key=lambda change: (change.start, change.end), reverse=True):
            begins_string = change.start == len(characters) or characters[change.start].gap is not None
            if change.start == len(characters) and characters:
                begins_string = characters[-1].written == _NEW_LINE
            new = self._written(change.text, begins_string)
            if change.end < len(characters):
                goes_on = new[-1].written != _NEW_LINE if new else not begins_string
                behind = characters[change.end]
                behind.gap = None if goes_on else behind.gap or self._gap
            characters[change.start : change.end] = new
        return self._joined(characters)

    def _characters(self) -> Iterator[_Character]:
        """All characters of the joined text."""
        for item, gap in zip(self._items, self._gaps, strict=False):
            for number, written in enumerate(item):
                yield _Character(written, None if number else gap)

    @cached_property
    def _gaps(self) -> list[str]:
        """What stands before, between and behind the strings."""
        edges = zip([self.start, *self._ends], [*self._begins, self.end], strict=True)
        return [self._text[begin:end] for begin, end in edges]

    @cached_property
    def _gap(self) -> str:
        """What stands between two strings."""
        gaps = self._gaps
        return gaps[1] if len(gaps) > 2 else "," + gaps[0][1:]

    def _written(self, text: str, begins_string: bool) -> list[_Character]:
        plain = json.dumps(text, ensure_ascii=self._ascii)[1:-1]
        new = [_Character(written) for written in _CHARACTER.findall(plain)]
        for before, character in pairwise([_Character(_NEW_LINE if begins_string else ""), *new]):
            character.gap = self._gap if before.written == _NEW_LINE else None
        return new

    def _joined(self, characters: Sequence[_Character]) -> str:
        if not self._is_list:
            return f'"{"".join(character.written for character in characters)}"'
        first, last = self._gaps[0], self._gaps[-1]
        if not characters:
            return "[]"
        written = [first if self._items else "[", '"']
        for number, character in enumerate(characters):
            if number and character.gap is not None:
                written += ['"', self._gap if character.gap == first else character.gap, '"']
            written.append(character.written)
        return "".join([*written, '"', last if self._items else "]"])
