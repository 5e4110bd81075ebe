"""What IPython understands and Python does not: magics, shell commands, questions.

Each becomes something of no meaning on the same line, so that lines and columns of all else stay. Notebooks hold them,
and so do the blocks of documents that were made from notebooks or become some.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from attnlint.documents.pieces import Code, Piece

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
_LONG_END = {quotes: re.compile(rf"(?:\\.|(?!{quotes})[^\\])*{quotes}") for quotes in ('"""', "'''")}


def without_magics(piece: Piece) -> Piece | None:
    """The piece without what is IPython's alone; None if a magic takes it for something else."""
    first = next((number for number, line in enumerate(piece.lines) if line.text.strip()), 0)
    cell = _CELL.match(piece.lines[first].text) if piece.lines else None
    if cell is not None and cell["name"] not in _PYTHON_CELLS:
        return None
    head = piece.lines[: first + 1] if cell is not None else ()
    lines = [*map(_nothing, head), *_lines(piece.lines[len(head) :])]
    return replace(piece, lines=tuple(lines))


def _lines(lines: Sequence[Code]) -> Iterator[Code]:
    inside = _Inside()
    is_command = False
    for line in lines:
        if is_command:
            is_command = line.text.endswith("\\")
            yield _nothing(line)
            continue
        code = _instead(line) if inside.begins_statement else line
        is_command = not code.is_real and line.text.endswith("\\")
        if code.is_real:
            inside = inside.after(line.text)
        yield code


def _nothing(line: Code) -> Code:
    return replace(line, text="", is_real=False)


def _instead(line: Code) -> Code:
    """What stands for a line that begins a statement: itself where it may be Python."""
    text = line.text
    indent = text[: len(text) - len(text.lstrip(" \t"))]
    if timed := _TIMED.match(text):
        begin = timed.end("magic")
        return replace(line, text=indent + text[begin:], shift=line.shift + begin - len(indent), prefix=None)
    if _LINE.match(text) or _QUESTION.match(text):
        return replace(line, text=indent + _NOTHING, is_real=False)
    if assigned := _ASSIGNED.match(text):
        return replace(line, text=assigned["target"] + _UNKNOWN, is_real=False)
    return line


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
