"""How much code stands in brackets, each character counted once a level.

libcst takes about a kilobyte, and a microsecond, for each token on each level of brackets around it.
"""

from __future__ import annotations

import re
from itertools import accumulate
from operator import mul

from attnlint.syntax.limits import MAX_WEIGHT
from attnlint.syntax.nesting import LITERAL

_BRACKET = re.compile(r"([()\[\]{}])")
_LEVELS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_NO_CODE = re.compile(rf"([fF][rR]?|[rR][fF])?(?:{LITERAL.pattern})|#[^\n]*", re.DOTALL)


def is_heavy(text: str) -> bool:
    """Whether libcst would take too much memory for a text."""
    most = len(text) * sum(map(text.count, "([{"))
    return most > MAX_WEIGHT < weight(_NO_CODE.sub(_code, text))


def weight(code: str) -> int:
    """The characters of code in brackets, each as often as there are brackets around it."""
    pieces = _BRACKET.split(code)
    depths = accumulate(map(_LEVELS.__getitem__, pieces[1::2]))
    return sum(map(mul, map(len, pieces[2::2]), depths))


def _code(literal: re.Match[str]) -> str:
    """What of a literal, or a comment, is code: an f-string may be."""
    return literal[0] if literal[1] else "''"
