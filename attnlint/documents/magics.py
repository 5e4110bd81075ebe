"""What IPython understands and Python does not: magics, shell commands, questions.

Each becomes something of no meaning on the same line, so that lines and columns of all else stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attnlint.documents.pieces import Code

_PYTHON_CELLS = frozenset({"capture", "debug", "ipytest", "prun", "python", "python3", "time", "timeit"})
"""Cell magics that run their cell as Python."""

_CELL = re.compile(r"\s*%%(?P<name>\w*)")
_TIMED = re.compile(r"[ \t]*(?P<magic>%time(?:it)?(?:[ \t]+-\w+(?:[ \t]+\d+)?)*[ \t]+)\S")
_LINE = re.compile(r"[ \t]*(?:[%!]|\?{1,2}[\w%*]|(?:pip3?|conda|mamba)[ \t]+[a-z-]+(?:[ \t]|$))")
_QUESTION = re.compile(r"[ \t]*%{0,2}[\w.*]+(?:\[[^\]]*\])*\?{1,2}[ \t]*$")
_ASSIGNED = re.compile(r"(?P<target>[ \t]*[A-Za-z_][\w.,* \t\[\]'\"]*=[ \t]*)[!%][ \t]*[\w/.~$\"'(\[{-]")

_NOTHING, _UNKNOWN = "0", "_"
"""A statement that does nothing, and a value that nobody knows."""

_TOKEN = re.compile(
    r"""(?P<comment>\#.*)|(?P<long>\"""|''')|(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"""|(?P<open>[\[({])|(?P<close>[\])}])|(?P<goes_on>\\$)"""
)
_LONG_END = {quotes: re.compile(rf"(?:\\.|(?!{quotes}).)*{quotes}") for quotes in ('"""', "'''")}


def understood(lines: Sequence[str]) -> Iterator[Code] | None:
    """The code of a cell without what is IPython's alone; None if a magic takes the cell for something else."""
    first = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    cell = _CELL.match(lines[first]) if first < len(lines) else None
    if cell is not None and cell["name"] not in _PYTHON_CELLS:
        return None
    return _lines(lines, 0 if cell is None else first + 1)


def _lines(lines: Sequence[str], begin: int) -> Iterator[Code]:
    inside = _Inside()
    is_command = False
    for number, line in enumerate(lines):
        if number < begin or is_command:
            is_command = is_command and line.endswith("\\")
            yield Code("", is_real=False)
            continue
        code = _instead(line) if inside.begins_statement else None
        if code is not None:
            is_command = line.endswith("\\")
            yield code
        if code is None or code.is_real:
            inside = inside.after(line)
            yield from () if code else (Code(line),)


def _instead(line: str) -> Code | None:
    """What stands for a line that begins a statement; None where it may be Python."""
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    if timed := _TIMED.match(line):
        return Code(indent + line[timed.end("magic") :], len(timed["magic"]), None)
    if _LINE.match(line) or _QUESTION.match(line):
        return Code(indent + _NOTHING, is_real=False)
    if assigned := _ASSIGNED.match(line):
        return Code(assigned["target"] + _UNKNOWN, is_real=False)
    return None


@dataclass(frozen=True)
class _Inside:
    """What the end of a line is inside of."""

    quotes: str = ""
    brackets: int = 0
    goes_on: bool = False

    @property
    def begins_statement(self) -> bool:
        """Whether the next line can begin a statement."""
        return not (self.quotes or self.brackets or self.goes_on)

    def after(self, line: str) -> _Inside:
        """What the end of the next line is inside of."""
        quotes, brackets, goes_on, place = self.quotes, self.brackets, False, 0
        while True:
            if quotes:
                end = _LONG_END[quotes].match(line, place)
                if end is None:
                    return _Inside(quotes, brackets)
                quotes, place = "", end.end()
            token = _TOKEN.search(line, place)
            if token is None:
                return _Inside(quotes, brackets, goes_on)
            place = token.end()
            quotes = token["long"] or ""
            brackets = max(0, brackets + bool(token["open"]) - bool(token["close"]))
            goes_on = bool(token["goes_on"])
