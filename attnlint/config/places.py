"""Configuration files that are wrong, and the line of a key in one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from attnlint.diagnostics import Problem

Path = Sequence[str]
"""The keys that lead to a value."""
Parse = Callable[[str], Mapping[str, object]]


class ConfigError(Exception):
    """A configuration file that cannot be used, in one clear line."""

    def __init__(self, path: str, line: int | None, reason: str) -> None:
        super().__init__(f"{shown(path)}{'' if line is None else f':{line}'}: {reason}")
        self.problem = Problem(shown(path), line, reason)


def shown(path: str) -> str:
    """A path as people read it: short where it lies in the current folder."""
    try:
        near = os.path.relpath(path)
    except ValueError:  # another drive
        return path
    return path if near.startswith(os.pardir) else near


def line_of(text: str, path: Path, parse: Parse) -> int | None:
    """The line on which a value begins; None where it cannot be told.

    TOML parsers keep no places. The text up to the line before is read, and has no such key; the text up to the end of
    the value is read too, and has it.
    """
    lines = [line + "\n" for line in text.split("\n")]
    for number, line in enumerate(lines):
        if path[-1] in line and not _has(lines[:number], path, parse):
            ends = (end for end in range(number + 1, len(lines) + 1) if _parsed(lines[:end], parse) is not None)
            if _has(lines[: next(ends, 0)], path, parse):
                return number + 1
    return None


def _has(lines: Sequence[str], path: Path, parse: Parse) -> bool:
    found: object = _parsed(lines, parse)
    for key in path:
        if not isinstance(found, Mapping) or key not in found:
            return False
        found = found[key]
    return True


def _parsed(lines: Sequence[str], parse: Parse) -> Mapping[str, object] | None:
    try:
        return parse("".join(lines))
    except (ValueError, RecursionError):
        return None
