"""How much code stands in brackets, each character counted once a level.

libcst takes about a kilobyte, and a microsecond, for each token on each level of brackets around it.
"""

from __future__ import annotations

import re

from attnlint.syntax.limits import MAX_WEIGHT
from attnlint.syntax.nesting import LITERAL

_BRACKET = re.compile(r"[()\[\]{}]")
_NO_CODE = re.compile(rf"{LITERAL.pattern}|#[^\n]*", re.DOTALL)


def is_heavy(text: str) -> bool:
    """Whether libcst would take too much memory for a text."""
    most = len(text) * sum(map(text.count, "([{"))
    return most > MAX_WEIGHT < weight(text) and weight(_NO_CODE.sub("''", text)) > MAX_WEIGHT


def weight(text: str) -> int:
    """The characters in brackets, each as often as there are brackets around it; brackets in strings count too."""
    total = depth = last = 0
    for bracket in _BRACKET.finditer(text):
        total += depth * (bracket.start() - last)
        last = bracket.start()
        depth = depth + 1 if bracket[0] in "([{" else max(depth - 1, 0)
    return total
