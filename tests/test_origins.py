"""Every value stands in the code that it says it comes from, so that any of them can be reported."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from attnlint.graph.interpreter import Interpreter
from attnlint.graph.module import ModuleContext
from attnlint.syntax.outline import outline
from attnlint.syntax.stack import on_big_stack
from attnlint.syntax.text import SourceText

ROOT = Path(__file__).parent.parent
MODULES = sorted([*(ROOT / "fixtures").glob("[!_]*.py"), *(ROOT / "tests" / "right_code").glob("*.py")])

CALLS = b"""
import torch


def several(x, flag):
    if flag > 1:
        return x.reshape(2, 3, 4)
    if flag:
        return torch.ones(2, 3, 4)
    x = x * 2


def steps(x):
    yield x


async def later(x):
    return x


def calls(x, flag):
    made = several(x, flag)
    kept = [steps(x), later(x), (lambda y: several(y, 2) if flag else y)(x)]
    return made, kept, sorted([x], key=lambda y: several(y, flag))
"""


def places(path: str, data: bytes) -> int:
    """How many values of all definitions have a place, each of which can be told."""
    found = 0
    module = outline(SourceText.from_bytes(path, data))
    interpreter = Interpreter(ModuleContext(module))
    for definition in module.definitions():
        for value in on_big_stack(partial(interpreter.graph_of, definition)).everything:
            if value.origin is not None:
                span = value.origin.slice.span(value.origin.node)
                assert (1, 1) <= (span.line, span.column) <= (span.end_line, span.end_column)
                found += 1
    return found


def test_calls_give_back_values_of_the_caller() -> None:
    assert places("calls.py", CALLS) > 20


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_value_has_its_place(path: Path) -> None:
    assert places(str(path), path.read_bytes()) > 0
