"""Configuration files that are wrong, and the line of a key in one."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from attnlint.diagnostics import Problem

Path = Sequence[str]
"""The keys that lead to a value."""
Parse = Callable[[str], Mapping[str, object]]
_Keys = tuple["str | None", ...]
"""The same, with None for an element of a list."""
_TOKEN = re.compile(
    r'''(?P<word>"""(?:\\.|[^\\])*?"{3,5}|\'{3}.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[\w-]+)'''
    r"|#[^\n]*|(?P<mark>[\[\]{},=\n])",
    re.DOTALL,
)
"""Keys, strings and other values; comments; and the marks that stand between keys and values."""
_PART = r"""(?:[\w-]+|"(?:\\[^\n]|[^"\\\n])*"|'[^'\n]*')"""
_DOTTED = re.compile(
    r'''"""(?:\\.|[^\\])*?(?:"{3,5}|\Z)|\'{3}.*?(?:\'{3,5}|\Z)|#[^\n]*|'''
    rf"(?P<key>{_PART}(?:[ \t]*\.[ \t]*{_PART})*)|[\"'][^\n]*",
    re.DOTALL,
)
"""Keys with all their parts; and, so that nothing in them is taken for one, long strings, comments, broken strings."""
MOST_PARTS = 64
"""The parts that a dotted key may have: the time that a TOML parser takes grows with their cube."""


class ConfigError(Exception):
    """A configuration file that cannot be used, in one clear line."""

    def __init__(self, path: str, line: int | None, reason: str) -> None:
        super().__init__(f"{shown(path)}{'' if line is None else f':{line}'}: {reason}")
        self.problem = Problem(shown(path), line, reason)

    def __reduce__(self) -> tuple[type[ConfigError], tuple[str, int | None, str]]:
        return ConfigError, (self.problem.path, self.problem.line, self.problem.reason)


def shown(path: str) -> str:
    """A path as people read it: short where it lies in the current folder."""
    try:
        near = os.path.relpath(path)
    except ValueError:  # another drive
        return path
    return path if near.startswith(os.pardir) else near


def line_of_long_key(text: str) -> int | None:
    """The first line with a key of more parts than a person writes, told without a TOML parser; None without one."""
    for found in _DOTTED.finditer(text):
        key = found["key"] or ""
        if key.count(".") >= MOST_PARTS and len(re.findall(_PART, key)) > MOST_PARTS:
            return text.count("\n", 0, found.start()) + 1
    return None


def line_of(text: str, path: Path, parse: Parse) -> int | None:
    """The line on which a value of valid TOML begins; None where it has no such key. TOML parsers keep no places."""
    begins = (place for keys, place in _keys(text, parse) if keys[: len(path)] == tuple(path))
    place = next(begins, None)
    return None if place is None else text.count("\n", 0, place) + 1


def _keys(text: str, parse: Parse) -> Iterator[tuple[_Keys, int]]:
    """All keys, each behind those of the tables that it is in, and where they are written."""
    keys: _Keys = ()
    is_value = False
    inside: list[tuple[_Keys, str]] = [((), "\n")]  # the tables and lists that are open, and what parts the keys there
    for token in _TOKEN.finditer(text):
        mark = token["mark"]
        if mark is None:
            if not is_value and token["word"]:
                keys = (*keys, _plain(token["word"], parse))
        elif mark == inside[-1][1]:
            keys, is_value = inside[-1][0], False
        elif mark == "=":
            yield keys, token.start()
            is_value = True
        elif mark == "{":
            inside.append((keys, ","))
            is_value = False
        elif mark == "[" and is_value:
            keys = (*keys, None)
            inside.append((keys, ""))
        elif mark == "[":
            keys = ()
        elif len(inside) > 1 and mark in "]}":
            inside.pop()
            keys, is_value = inside[-1][0], True
        elif mark == "]" and not is_value:
            yield keys, token.start()
            inside, is_value = [(keys, "\n")], True


def _plain(word: str, parse: Parse) -> str:
    """A key as it is meant."""
    if word[0] == '"' and "\\" in word:
        return str(parse(f"key = {word}")["key"])
    return word[1:-1] if word[0] in "\"'" else word
