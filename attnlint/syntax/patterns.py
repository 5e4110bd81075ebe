"""How deep the brackets of the patterns in ``match`` statements are, counted before libcst sees them.

libcst's parser takes two to four times as long for each bracket around a pattern, without end and without a way to stop
it: 12 mappings inside of one another take half a minute.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterator, Sequence

from attnlint.syntax.nesting import LITERAL, between

MAX_BRACKETS = 6
"""Brackets around a pattern, one inside of another, that libcst is given: some milliseconds."""
_IGNORED = re.compile(rf"{LITERAL.pattern}|\#[^\n]*", LITERAL.flags)
_CASE = re.compile(r"^[ \t\f]*case\b(?![ \t]*[=.,):])", re.MULTILINE)
_BRACKET_OR_END = re.compile(r"[][(){}\n\r]")
_BLOCKS = (ast.stmt, ast.match_case, ast.excepthandler)
_Place = tuple[int, int]


def brackets(root: ast.AST, lines: Sequence[str], without: Container[int] = ()) -> int:
    """The most brackets around a part of a pattern inside ``root``. ``lines`` are those of the file; ``without`` holds
    the ids of statements to pass over."""
    deepest = 0
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Match):
            deepest = max(deepest, *(_depth(_covered(*head, lines)) for head in _heads(node)))
        children = ast.iter_child_nodes(node)
        pending += [one for one in children if isinstance(one, _BLOCKS) and id(one) not in without]
    return deepest


def may_have_brackets(text: str) -> bool:
    """Whether a pattern may be in more brackets than libcst is given, in text that Python does not parse: those in
    strings count, which may be none, and those behind the pattern on its line."""
    return any(_most_from(case.end(), text) > MAX_BRACKETS for case in _CASE.finditer(text))


def _most_from(begin: int, text: str) -> int:
    """The most brackets that are open at once from a place on, to the end of the line on which all are closed, or too
    many."""
    depth = deepest = 0
    for mark in _BRACKET_OR_END.finditer(text, begin):
        if mark[0] in "\n\r":
            if depth <= 0:
                break
            continue
        depth += 1 if mark[0] in "([{" else -1
        deepest = max(deepest, depth)
        if deepest > MAX_BRACKETS:
            break
    return deepest


def _heads(statement: ast.Match) -> Iterator[tuple[_Place, _Place]]:
    """From where the subject, or the case before, ends to where each pattern ends: brackets around a whole pattern
    are no part of it."""
    begin = _end(statement.subject)
    for case in statement.cases:
        yield begin, _end(case.pattern)
        begin = _end(case.body[-1])


def _end(node: ast.expr | ast.pattern | ast.stmt) -> _Place:
    return node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


def _covered(begin: _Place, end: _Place, lines: Sequence[str]) -> str:
    return between(begin[1], end[1], [line.encode() for line in lines[begin[0] - 1 : end[0]]])


def _depth(text: str) -> int:
    depth = deepest = 0
    for bracket in re.findall(r"[][(){}]", _IGNORED.sub("", text)):
        depth = max(0, depth + (1 if bracket in "([{" else -1))
        deepest = max(deepest, depth)
    return deepest
