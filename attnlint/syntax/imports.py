"""Where a module takes one more import: beside those of its kind, in the order that isort keeps."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from enum import IntEnum
from itertools import groupby

from attnlint.diagnostics import Span
from attnlint.syntax.outline import ModuleOutline
from attnlint.syntax.text import line_end

Import = ast.Import | ast.ImportFrom


class _Section(IntEnum):
    """The groups of imports, in their order."""

    FUTURE = 0
    STANDARD = 1
    OTHERS = 2
    OWN = 3


_Key = tuple[_Section, bool, str]


def insertion(module: ModuleOutline, statement: str, line: int) -> tuple[Span, str] | None:
    """Where to insert an import statement that a line needs, and the text; None where no line of its own is to be had.

    It goes to the first block of imports at the top level: to the group that it belongs to, or as a group of its own.
    In a notebook or prose, that is the first cell or block that has one, up to that of the line; where none has, the
    import goes to the top of the line's own.
    """
    (new,) = ast.parse(statement).body
    assert isinstance(new, Import)
    body, block = _place(module, module.plain.piece(line))
    ours = _key(new)
    same = [old for old in block if _key(old)[0] is ours[0]]
    before = [old for old in same if _key(old) < ours]
    earlier = [old for old in block if _key(old)[0] < ours[0]]
    if same:
        return _below(before[-1], statement, module) if before else _above(same[0], statement, module)
    if earlier:
        return _below(earlier[-1], f"\n{statement}", module)
    if block:
        return _above(block[0], f"{statement}\n", module)
    if ast.get_docstring(ast.Module(body, []), clean=False) is not None:
        return _below(body[0], f"\n{statement}", module)
    return _above(body[0], f"{statement}\n", module) if body else None


def _place(module: ModuleOutline, last: int) -> tuple[list[ast.stmt], list[Import]]:
    """The statements of the piece of a source that an import goes to, none behind the last, and the imports of it."""
    grouped = groupby(_statements(module), lambda statement: module.plain.piece(statement.lineno))
    pieces = [list(body) for piece, body in grouped if piece <= last]
    for body in pieces:
        if block := list(_first_block(body)):
            return body, block
    return pieces[-1] if pieces else [], []


def _statements(module: ModuleOutline) -> list[ast.stmt]:
    tree = module.plain_body.tree
    assert isinstance(tree, ast.Module)
    return tree.body


def is_free(module: ModuleOutline, name: str) -> bool:
    """Whether nothing in a module binds or reads a name."""
    return not any(name in _names(node) for node in ast.walk(module.plain_body.tree))


def _names(node: ast.AST) -> Iterator[str]:
    """The names that a node mentions, those of attributes and of keywords left out."""
    if isinstance(node, (ast.Attribute, ast.keyword, ast.Constant)):
        return
    for _, value in ast.iter_fields(node):
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                yield from (one, one.partition(".")[0])


def _first_block(body: Iterable[ast.stmt]) -> Iterator[Import]:
    """The imports that stand before the first definition."""
    for statement in body:
        if isinstance(statement, Import):
            yield statement
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return


def _key(node: Import) -> _Key:
    is_from = isinstance(node, ast.ImportFrom)
    name = (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
    if isinstance(node, ast.ImportFrom) and node.level:
        return _Section.OWN, is_from, name
    top = name.partition(".")[0]
    if top == "__future__":
        return _Section.FUTURE, is_from, name
    return (_Section.STANDARD if top in sys.stdlib_module_names else _Section.OTHERS), is_from, name


def _above(node: ast.stmt, text: str, module: ModuleOutline) -> tuple[Span, str] | None:
    first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
    return (Span(first, 1, first, 1), f"{text}\n") if _is_free_line(first, module) else None


def _below(node: ast.stmt, text: str, module: ModuleOutline) -> tuple[Span, str] | None:
    """Behind the line on which a statement ends, which may be the last of its piece."""
    last = node.end_lineno or node.lineno
    row = module.plain.lines[last - 1]
    end = len(row) - len(line_end(row)) + 1
    return (Span(last, end, last, end), f"\n{text}") if _is_free_line(last + 1, module) else None


def _is_free_line(line: int, module: ModuleOutline) -> bool:
    """Whether no statement runs over into a line from the one above."""
    return not any(each.lineno < line <= (each.end_lineno or each.lineno) for each in _statements(module))
