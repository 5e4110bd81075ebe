"""Patterns as .gitignore files have them, compiled so that no pattern takes long to compare with a path.

`pathspec` makes regular expressions of them that try all ways in which several ``*`` may share out a name between them:
a pattern such as ``*a*a*a*a*a*b``, in a repository that somebody else wrote, would keep a run busy for ever. Patterns
with few of them are left to it; in others, what each ``*`` takes is decided once, the least first, from left to right,
which finds a match wherever there is one.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import count, groupby
from typing import Any, cast

from pathspec import GitIgnoreSpec
from pathspec.pattern import Pattern, RegexPattern

LONGEST = 4096
"""Characters of a pattern: no path is longer."""
_FEW = 2
_ANY_FOLDERS = "**"
_TOKEN = re.compile(
    r"(?P<stars>\*+)|(?P<one>\?)|\\(?P<escaped>.)|\[(?P<not>[!^]?)(?P<set>\]?[^\]]*)\]|(?P<plain>[^\\\[])", re.DOTALL
)
_FOLDER = "(?P<ps_d>/)"
_END = f"(?:{_FOLDER}|$)"
"""What a path goes on with behind a match. pathspec asks for the group, which tells a folder from what lies in it."""


_plain = cast("Callable[[str], Pattern]", type(GitIgnoreSpec.from_lines(["x"]).patterns[0]))
"""Makes the pattern of a line as pathspec does; the class has another name in each of its releases."""


def spec_of(lines: Iterable[str]) -> GitIgnoreSpec:
    """The lines that are patterns, ready to be compared; git passes over the others in silence."""
    last = {line: number for number, line in enumerate(lines)}
    patterns: list[Any] = [pattern for line in sorted(last, key=last.__getitem__) for pattern in patterns_of(line)]
    return GitIgnoreSpec(patterns)


def patterns_of(line: str) -> list[Pattern]:
    """The pattern of a line; nothing where that is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of what brackets in brackets will mean in Python
        try:
            if line.count("*") <= _FEW or line.startswith("#"):
                return [_plain(line)]
            if len(line) > LONGEST:
                return []
            text = line if line.endswith("\\ ") else line.rstrip()
            is_negated = text.startswith("!")
            return [RegexPattern(re.compile(_path(text[is_negated:])), not is_negated)]
        except (ValueError, re.error):
            return []


def _path(pattern: str) -> str:
    """The regular expression of a pattern. Raises ``ValueError`` for one that is none."""
    parts = pattern.split("/")
    is_folder = not parts[-1]
    if is_folder:
        parts.pop()
    if len(parts) == 1:
        parts.insert(0, _ANY_FOLDERS)
    elif not parts[0]:
        parts.pop(0)
    names = count()
    runs = [(any_folders, list(run)) for any_folders, run in groupby(parts, lambda part: part == _ANY_FOLDERS)]
    if set(parts) == {_ANY_FOLDERS}:
        return _FOLDER if is_folder else "."
    made = ["^"]
    for number, (any_folders, run) in enumerate(runs):
        if any_folders:
            continue
        left = len(runs) - 1 - number
        text = "/".join(_name(part, names) for part in run)
        if left == 0 or (left == 1 and is_folder):
            made.append(f"{'(?:[^/]*/)*' if number else ''}{text}{_FOLDER if is_folder else _END}")
        else:
            made.append(_once(f"(?:[^/]*/)*?{text}/", names) if number else f"{text}/")
    return "".join(made)


def _name(part: str, names: Iterator[int]) -> str:
    """The regular expression of a part of a pattern between two slashes."""
    pieces = [""]
    place = 0
    while place < len(part):
        found = _TOKEN.match(part, place)
        if found is None:
            raise ValueError(part)
        place = found.end()
        if found["stars"]:
            pieces.append("")
        elif found["one"]:
            pieces[-1] += "[^/]"
        elif found["set"] is not None:
            members = found["set"].replace("\\", "\\\\")
            pieces[-1] += f"(?!/)[{'^' if found['not'] else ''}{members}]"
        else:
            pieces[-1] += re.escape(found["escaped"] or found["plain"])
    if pieces == ["", ""]:
        return "[^/]+"
    first, *others = pieces
    if not others:
        return first
    between = "".join(_once(f"[^/]*?{piece}", names) for piece in others[:-1])
    return f"{first}{between}[^/]*{others[-1]}"


def _once(regex: str, names: Iterator[int]) -> str:
    """The same, never tried in another way once it matched: an atomic group, which Python knows since 3.11."""
    name = f"g{next(names)}"
    return f"(?=(?P<{name}>{regex}))(?P={name})"
