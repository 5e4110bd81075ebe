"""The frame of a module: all that stands outside of its functions, without what means nothing there.

Two versions of a module with equal frames have the same imports, classes, functions and statements of their own, in the
same order; only the insides of functions, comments and docstrings may differ. A place in one is then a place in the
other: `Frame.place` says which, whatever lines it stands on.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from attnlint.syntax.outline import Definition, ModuleOutline

_BODIES = ("body", "orelse", "finalbody")
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Place:
    """A line of a module: which piece of its frame it belongs to, and how far below its beginning it stands."""

    piece: int
    offset: int


@dataclass(frozen=True)
class Frame:
    """The pieces of a frame, each a line or what is told of a function, and the lines on which they begin."""

    pieces: tuple[str, ...]
    begins: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, module: ModuleOutline) -> Frame:
        """The frame of a module whose syntax trees are there."""
        found = sorted(_pieces(module), key=lambda piece: piece[1])
        return cls(*(tuple(each) for each in zip(*found, strict=True))) if found else cls((), (), ())

    def place(self, line: int) -> Place | None:
        """The place of a line; None for one that belongs to no piece."""
        piece = bisect_right(self.begins, line) - 1
        if piece < 0 or line > self.ends[piece]:
            return None
        return Place(piece, line - self.begins[piece])

    def line(self, place: Place) -> int:
        """The line of a place."""
        return self.begins[place.piece] + place.offset


def _pieces(module: ModuleOutline) -> Iterator[tuple[str, int, int]]:
    """The text, the first and the last line of each piece."""
    taken: set[int] = set()
    for function in module.definitions():
        yield _told(function, module), function.lines.first, function.lines.last
        taken.update(range(function.lines.first, function.lines.last + 1))
    whole: set[int] = set()
    for statement in _statements(module.plain_body.tree):
        last = statement.end_lineno or statement.lineno
        if _is_docstring(statement) and _stands_alone(statement, module):
            taken.update(range(statement.lineno, last + 1))
        elif last > statement.lineno:
            whole.update(range(statement.lineno, last + 1))
    yield from _head(module)
    for number, line in enumerate(module.plain.lines, 1):
        text = line.strip()
        if number not in taken and (number in whole or (text and not text.startswith("#"))):
            yield f"{module.plain.piece(number)}:{line}", number, number


def _head(module: ModuleOutline) -> Iterator[tuple[str, int, int]]:
    """The ends of the docstrings of a module, or of each piece of a document, behind which imports are put."""
    tree = module.plain_body.tree
    seen: set[int] = set()
    for first in tree.body if isinstance(tree, ast.Module) else ():
        piece = module.plain.piece(first.lineno)
        if piece not in seen and _is_docstring(first) and _stands_alone(first, module):
            last = first.end_lineno or first.lineno
            yield f"{piece}:{len(module.plain.lines[last - 1])}", last, last
        seen.add(piece)


def _told(function: Definition, module: ModuleOutline) -> str:
    """What the frame holds of a function: what others can ask without its text."""
    piece = module.plain.piece(function.lines.first)
    line = module.plain.lines[function.lines.first - 1]
    indent = len(line) - len(line.lstrip())
    return "\0".join((function.qualname, *function.decorators, str(indent), str(piece)))


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """The statements of a module and its classes, and the heads of compound ones; functions are left out."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        inner = [child for name in _BODIES for child in getattr(node, name, ())]
        inner += [*getattr(node, "handlers", ()), *getattr(node, "cases", ())]
        waiting.extend(child for child in inner if not isinstance(child, _FUNCTION))
        if isinstance(node, ast.stmt) and not inner:
            yield node


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _stands_alone(statement: ast.stmt, module: ModuleOutline) -> bool:
    """Whether nothing but a comment stands beside a statement on its lines."""
    lines = module.plain.lines
    before = lines[statement.lineno - 1].encode()[: statement.col_offset]
    behind = lines[(statement.end_lineno or statement.lineno) - 1].encode()[statement.end_col_offset or 0 :].strip()
    return not before.strip() and (not behind or behind.startswith(b"#"))
