"""Functions that are deep, long or wide in one way each, as generated and hostile code is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from textwrap import indent

Make = Callable[[int], str]
HEAD = "import torch\nimport torch.nn.functional as F\nfrom einops import rearrange\n"
MANY = 2_500 if sys.version_info[:2] == (3, 12) else 8_000
"""Levels that Python's own parser takes: at most some 3,000 in Python 3.12."""
TAIL = "def attend(q, k, v):\n    return F.softmax(q @ k.mT, dim=-1) @ v\n"
"""What is to be found beside them: ATN101."""


def module(body: str) -> str:
    """A module whose first function has this body before a softmax."""
    return f"{HEAD}def deep(x, q):\n{indent(body, '    ')}\n    return F.softmax(x @ q, dim=-1)\n{TAIL}"


def around(left: str, right: str = "") -> Make:
    """An expression inside of itself."""
    return lambda n: f"y = {left * n}x{right * n}"


def behind(more: str) -> Make:
    """An expression that goes on and on."""
    return lambda n: f"y = x{more * n}"


def items(template: str, item: str, joint: str = ", ") -> Make:
    """One of many items; ``#`` in an item is its number."""
    return lambda n: template.replace("…", joint.join(item.replace("#", str(i)) for i in range(n)))


def lines(line: str) -> Make:
    """Many statements; ``#`` in one is its number."""
    return lambda n: "\n".join(line.replace("#", str(i)) for i in range(n))


def nested(header: str, last: str, most: int = 95) -> Make:
    """Blocks inside of blocks, no more than Python's parser takes."""

    def make(n: int) -> str:
        depth = min(n, most)
        return "\n".join([" " * i + header.replace("#", str(i)) for i in range(depth)] + [" " * depth + last])

    return make


KINDS: Mapping[str, Make] = {
    # expressions inside of expressions
    "parentheses": around("(", ")"),
    "calls": around("f(", ")"),
    "called results": behind("(x)"),
    "attributes": behind(".T"),
    "method calls": behind(".relu()"),
    "subscripts": behind("[0]"),
    "subscripts inside": around("x[", "]"),
    "lambdas": around("lambda: "),
    "lambda defaults": around("lambda a=", ": a"),
    "comprehensions": around("[", " for a in x]"),
    "loops of a comprehension": lambda n: f"y = [x{' for a in x' * n}]",
    "conditions of a comprehension": lambda n: f"y = [x for a in x{' if a' * n}]",
    "sums": behind(" + x"),
    "products": behind(" @ x"),
    "powers": behind(" ** x"),
    "negations": around("-"),
    "nots": around("not "),
    "comparisons": behind(" < x"),
    "ands": behind(" and x"),
    "conditionals": around("x if x else "),
    "walruses": around("(y := ", ")"),
    "yields": around("(yield ", ")"),
    "strings": lambda n: "y = " + "'a' " * n,
    "pieces of an f-string": lambda n: f"y = f'{'{x}' * n}'",
    "f-strings": around("f'{", "}'"),
    "annotations": lambda n: f"y: {'list[' * n}int{']' * n} = x",
    "patterns": lambda n: f"match x:\n    case {'[' * n}a{']' * n}:\n        y = a",
    "softmaxes inside": lambda n: f"y = {'F.softmax(' * (n // 50)}x{', -1)' * (n // 50)}",
    "lines of an expression": behind(" + \\\n x"),
    # chains of statements
    "elifs": lambda n: "if x == 0:\n    y = 0\n" + "".join(f"elif x == {i}:\n    y = {i}\n" for i in range(1, n)),
    "ifs": lines("if x == #:\n    y = #"),
    "early returns": lines("if x == #:\n    return #"),
    "statements": lambda n: lines("y# = x + #")(2 * n),
    "changes in place": lines("x += #"),
    "methods in place": lambda n: lines("x.mul_(#)")(n // 5),
    "attributes that are set": lines("x.a# = x"),
    "statements of a line": lambda n: "; ".join(["y = x"] * n),
    "softmax after softmax": lambda n: lines("y = F.softmax(x @ x.mT, -1) @ x")(n // 50),
    "targets": lambda n: f"{'y = ' * n}x",
    "different targets": items("… = x", "y#", " = "),
    "decorators": lambda n: "@f\n" * n + "def g(x):\n    return x",
    "comments": lambda n: f"y = x  {'# noqa: ATN101 ' * (n // 5)}\n" + "# attnlint: ignore[ATN101]\n" * (n // 5),
    "except clauses": items("try:\n    y = x\n…", "except E#:\n    y = #", "\n"),
    "cases": items("match x:\n…", "    case #:\n        y = #", "\n"),
    "helpers": lambda n: items("…\ny = g0(x)", "def g#(x):\n    return h#(x) + h#(x)", "\n")(n // 10),
    # width
    "lists": items("y = […]", "x"),
    "dicts": items("y = {…}", "'k#': x"),
    "unpacked names": items("… = x.shape", "a#"),
    "spread items": items("y = […]", "*x"),
    "arguments": items("y = f(…)", "x"),
    "keywords": items("y = f(…)", "a#=x"),
    "parameters": items("def g(…):\n    return a0", "a#=x"),
    "contexts": items("with …:\n    y = x", "x as a#"),
    "alternatives": items("match x:\n    case …:\n        y = 1", "#", " | "),
    "dots of an import": items("import …", "a", "."),
    "imported names": items("from a import …", "b#"),
    "slices": items("y = x[…]", ":"),
    "sizes of a view": items("y = x.view(…)", "x.size(0)"),
    "axes of a permutation": items("y = x.permute(…)", "#"),
    "letters of an equation": lambda n: f"y = torch.einsum('{'abcdefghij' * n}->a', x)",
    "words of a pattern": items("y = rearrange(x, '… -> …')", "a#", " "),
    "digits": lambda n: f"y = x * {'9' * n}",
    "numbers that grow": lambda n: "y = x * 9 ** 9 ** 9 ** 9 * (1 << 10 ** 12)",
    "lists that grow": lambda n: "y = [x] * 10 ** 12 + 'a' * 10 ** 12",
    # blocks inside of blocks
    "functions": nested("def g#(x):", "return x"),
    "classes": nested("class G#:", "pass"),
    "ifs inside": nested("if x == #:", "y = x"),
    "loops": nested("for a# in x:", "y = x @ x", 19),
    "while loops": nested("while x:", "x = x @ x", 19),
    "with blocks": nested("with x as a#:", "y = x", 19),
}
