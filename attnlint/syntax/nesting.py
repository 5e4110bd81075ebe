"""How deeply code nests, counted without recursion: hostile input must be known before a recursive parser sees it.

The count is that of libcst's tree, where it is deeper than that of ``ast``: every ``and``, every further ``for`` of a
comprehension, every dot of an import, every piece of an implicitly joined string and every ``elif`` is one level there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Sequence

LITERAL = re.compile(
    r"""'''(?:\\.|[^\\])*?'''|\"""(?:\\.|[^\\])*?\"""|'(?:\\.|[^\\'])*'|"(?:\\.|[^\\"])*\"""", re.DOTALL
)
_LEVEL = (ast.expr, ast.pattern)
_LONG_LITERAL = 500


def nesting(root: ast.AST, lines: Sequence[str], floor: int = 0, without: Container[int] = ()) -> int:
    """The deepest nesting of expressions inside ``root``, or ``floor`` where none is deeper.

    ``lines`` are those of the file; ``without`` holds the ids of statements to pass over. A level takes at least a
    character, so nothing with fewer characters than the deepest one found is looked into: a high floor makes the
    answer cheap.
    """
    deepest = floor
    literals = _Literals(lines)
    pending = [(root, 0)]
    while pending:
        node, depth = pending.pop()
        if isinstance(node, (ast.expr, ast.pattern)):
            if depth + _extent(node, lines) > deepest:
                deepest = max(deepest, depth + _expression_nesting(node, literals))
            continue
        if isinstance(node, ast.stmt) and depth + _reach(node, lines) <= deepest:
            continue
        deepest = max(deepest, depth + _dots(node))
        children = ast.iter_child_nodes(node)
        pending += [(child, depth + _is_elif(node, child)) for child in children if id(child) not in without]
    return deepest


def _expression_nesting(root: ast.AST, literals: _Literals) -> int:
    deepest = 0
    pending = [(root, 1)]
    while pending:
        node, depth = pending.pop()
        depth += _hidden_levels(node, literals)
        deepest = max(deepest, depth)
        pending += [(child, depth + isinstance(child, _LEVEL)) for child in ast.iter_child_nodes(node)]
    return deepest


def _hidden_levels(node: ast.AST, literals: _Literals) -> int:
    """The levels that one ``ast`` node stands for beyond its own."""
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 2
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
        return len(node.generators) - 1
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))):
        return literals.joined(node)
    return 0


class _Literals:
    """The string literals of a file. No line is prepared twice, however many stand on it; and no place is looked at
    twice: before Python 3.12 all parts of an f-string have the place of the whole."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._encoded: dict[int, tuple[bytes, int]] = {}
        self._joined: dict[tuple[int, int, int | None, int | None], int] = {}

    def joined(self, node: ast.expr) -> int:
        """How many string literals follow the first one of a node; a short text holds too few to matter."""
        place = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
        if place not in self._joined:
            self._joined[place] = self._count(node)
        return self._joined[place]

    def _count(self, node: ast.expr) -> int:
        if _extent(node, self._lines) < _LONG_LITERAL:
            return 0
        covered = [self._line(number) for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)]
        if sum(quotes for _, quotes in covered) < 4:
            return 0
        text = between(node.col_offset, node.end_col_offset, [line for line, _ in covered])
        return max(0, sum(1 for _ in LITERAL.finditer(text)) - 1)

    def _line(self, number: int) -> tuple[bytes, int]:
        """A line in UTF-8, and how many quotes there are on it, three in a row counted as one."""
        if number not in self._encoded:
            text = "".join(self._lines[number - 1 : number])
            single = text.replace('"""', '"').replace("'''", "'")
            self._encoded[number] = text.encode(), single.count("'") + single.count('"')
        return self._encoded[number]


def between(begin: int, end: int | None, covered: Sequence[bytes]) -> str:
    """The text from a column of the first of these lines to one of the last; columns count UTF-8 bytes, from 0."""
    *above, last = covered
    text = b"".join([*above, last[:end]])[begin:] if above else last[begin:end]
    return text.decode("utf-8", "replace")


def _reach(node: ast.stmt, lines: Sequence[str]) -> int:
    """At least as many characters as the statement has; decorators stand above its own first line."""
    return _extent(node, lines) + sum(_extent(one, lines) for one in getattr(node, "decorator_list", ()))


def _extent(node: ast.stmt | ast.expr | ast.pattern, lines: Sequence[str]) -> int:
    """At least as many characters as the node has (columns of ``ast`` count bytes)."""
    last = node.end_lineno or node.lineno
    if last == node.lineno:
        return (node.end_col_offset or 0) - node.col_offset
    return sum(map(len, lines[node.lineno - 1 : last]))


def _dots(node: ast.AST) -> int:
    if isinstance(node, ast.alias):
        return node.name.count(".")
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").count(".")
    return 0


def _is_elif(node: ast.AST, child: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
