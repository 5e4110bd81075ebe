"""Python's own parser: each of its ways to fail is a `SourceError`. To be called on a big stack."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from attnlint.syntax.quiet import quietly
from attnlint.syntax.text import SourceError

T = TypeVar("T")


def parse_tree(text: str) -> ast.Module:
    """``ast.parse`` in silence, each of its ways to fail a ``SourceError``; to be called on a big stack."""
    return _compiled(text, ast.parse)


def check_syntax(text: str) -> None:
    """Raise what `parse_module` raises, but make no tree: a symbol table tells as well, in 3/4 of the time."""
    with _blaming_age(text):
        _compiled(text, lambda code: symtable.symtable(code, "<string>", "exec"))


def parse_module(text: str) -> ast.Module:
    """`parse_tree` of a whole file: one that a newer Python could parse is said to be that."""
    with _blaming_age(text):
        return parse_tree(text)


@contextmanager
def _blaming_age(text: str) -> Iterator[None]:
    try:
        yield
    except SourceError as error:
        from attnlint.syntax.newer import needs_newer

        newer = needs_newer(text) if error.line is not None else None
        if newer is None:
            raise
        raise SourceError(*newer) from None


def _compiled(text: str, compiler: Callable[[str], T]) -> T:
    try:
        with quietly():
            return compiler(text)
    except SyntaxError as error:
        line = error.lineno if error.lineno and error.lineno > 0 else None
        raise SourceError(line, error.msg or "invalid syntax") from None
    except (RecursionError, MemoryError):
        raise SourceError(None, "nested too deeply, or too large, to be parsed") from None
    except ValueError as error:
        raise SourceError(None, str(error)) from None
