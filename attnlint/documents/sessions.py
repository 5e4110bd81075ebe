"""Sessions with Python: code behind prompts, and between it what was printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from attnlint.documents.pieces import Code, Piece

_FIRST = re.compile(r"(?P<indent>[ \t]*)(?:>>>|In \[\d*\]:)(?: |$)")
_NEXT = re.compile(r"[ \t]*\.\.\.:?(?: |$)")


def is_session(piece: Piece) -> bool:
    """Whether a line begins with a prompt."""
    return any(_FIRST.match(line.text) for line in piece.lines)


def examples(piece: Piece) -> Iterator[Piece]:
    """What was typed at each prompt, as a piece of its own."""
    number, lines = 0, piece.lines
    while number < len(lines):
        first = _FIRST.match(lines[number].text)
        begin = number
        number += 1
        if first is None:
            continue
        while number < len(lines) and _NEXT.match(lines[number].text):
            number += 1
        typed = [
            _typed(lines[begin], first),
            *(_typed(line, _NEXT.match(line.text)) for line in lines[begin + 1 : number]),
        ]
        yield Piece(piece.first + begin, tuple(typed))


def _typed(line: Code, prompt: re.Match[str] | None) -> Code:
    length = prompt.end() if prompt else 0
    return replace(line, text=line.text[length:], shift=line.shift + length, prefix=None)
