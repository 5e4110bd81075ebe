"""Where a module takes one more import: beside those of its kind, in the order that isort keeps."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from enum import IntEnum

from attnlint.diagnostics import Span
from attnlint.syntax.outline import ModuleOutline

Import = ast.Import | ast.ImportFrom


class _Section(IntEnum):
    """The groups of imports, in their order."""

    FUTURE = 0
    STANDARD = 1
    OTHERS = 2
    OWN = 3


_Key = tuple[_Section, bool, str]


def insertion(module: ModuleOutline, statement: str) -> tuple[Span, str] | None:
    """Where to insert an import statement, and the text; None where no line of its own is to be had.

    It goes to the first block of imports at the top level: to the group that it belongs to, or as a group of its own.
    """
    tree = module.body.tree
    assert isinstance(tree, ast.Module)
    (new,) = ast.parse(statement).body
    assert isinstance(new, Import)
    ours, block = _key(new), list(_first_block(tree))
    same = [old for old in block if _key(old)[0] is ours[0]]
    before = [old for old in same if _key(old) < ours]
    earlier = [old for old in block if _key(old)[0] < ours[0]]
    if same:
        return _below(before[-1], statement, tree) if before else _above(same[0], statement, tree)
    if earlier:
        return _below(earlier[-1], f"\n{statement}", tree)
    if block:
        return _above(block[0], f"{statement}\n", tree)
    if ast.get_docstring(tree, clean=False) is not None:
        return _below(tree.body[0], f"\n{statement}", tree)
    return _above(tree.body[0], f"{statement}\n", tree) if tree.body else None


def is_free(module: ModuleOutline, name: str) -> bool:
    """Whether nothing in a module binds or reads a name."""
    return not any(name in _names(node) for node in ast.walk(module.body.tree))


def _names(node: ast.AST) -> Iterator[str]:
    """The names that a node mentions, those of attributes and of keywords left out."""
    if isinstance(node, (ast.Attribute, ast.keyword, ast.Constant)):
        return
    for _, value in ast.iter_fields(node):
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                yield from (one, one.partition(".")[0])


def _first_block(tree: ast.Module) -> Iterator[Import]:
    """The imports of the top level that stand before the first definition."""
    for statement in tree.body:
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


def _above(node: ast.stmt, text: str, tree: ast.Module) -> tuple[Span, str] | None:
    first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
    return (Span(first, 1, first, 1), f"{text}\n") if _is_free_line(first, tree.body) else None


def _below(node: ast.stmt, text: str, tree: ast.Module) -> tuple[Span, str] | None:
    line = (node.end_lineno or node.lineno) + 1
    return (Span(line, 1, line, 1), f"{text}\n") if _is_free_line(line, tree.body) else None


def _is_free_line(line: int, statements: Sequence[ast.stmt]) -> bool:
    """Whether no statement runs over into a line from the one above."""
    return not any(each.lineno < line <= (each.end_lineno or each.lineno) for each in statements)
