"""Snippets as value graphs: source text in, what is known about its values on each path out.

A snippet marks the values that a test asks about by ``see(name=value, …)``. To the engine ``see`` is a name that
nobody defines; executed, it records what it is given, so that one text serves the graph and the truth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any, TypeVar

import libcst as cst

from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.facts import Facts
from attnlint.graph.interpreter import Interpreter
from attnlint.graph.masks import MaskFact
from attnlint.graph.module import ModuleContext
from attnlint.graph.scalars import Monomial
from attnlint.graph.shapes import TensorShape
from attnlint.graph.values import Constant, Unknown, Value
from attnlint.graph.worlds import TooManyWorlds, worlds_of
from attnlint.syntax.outline import ModuleOutline, outline
from attnlint.syntax.stack import on_big_stack
from attnlint.syntax.text import SourceText

T = TypeVar("T")

IMPORTS = """\
import functools
import math

import einops
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from einops import rearrange, reduce, repeat

"""


@dataclass(frozen=True)
class Seen:
    """The arguments of one ``see`` call on one path."""

    facts: Facts
    values: Mapping[str, Value]

    def __getitem__(self, name: str) -> Value:
        return self.facts.resolve(self.values[name])

    def scalar(self, name: str) -> Monomial | None:
        return self.facts.scalar(self.values[name])

    def shape(self, name: str) -> TensorShape | None:
        return self.facts.shape(self.values[name])

    def mask(self, name: str) -> MaskFact | None:
        return self.facts.mask(self.values[name])

    def dtype(self, name: str) -> str | None:
        return self.facts.dtype(self.values[name])


@dataclass(frozen=True)
class Snippet:
    """The graph of one definition of a text."""

    text: str
    graph: DefinitionGraph

    def sights(self) -> Iterator[tuple[Unknown, dict[str, Value]]]:
        """The ``see`` calls in the order in which they are evaluated, with their arguments."""
        for value in self.graph.all(Unknown):
            node = value.origin.node if value.origin is not None and value.inputs else None
            if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "see":
                names = [argument.keyword.value for argument in node.args if argument.keyword is not None]
                yield value, dict(zip(names, value.inputs[-len(names) :], strict=True))

    def on_paths(self, question: Callable[[Seen], T]) -> list[T]:
        """The answers at every ``see`` call on every path to it. Raises `TooManyWorlds`."""
        observations = self.graph.observations
        return [
            answer
            for call, values in self.sights()
            for _, answer in worlds_of(
                call.origin.guard if call.origin is not None else (),
                lambda world, values=values: question(Seen(Facts(world, observations), values)),  # type: ignore[misc]
            )
        ]

    def only(self, question: Callable[[Seen], T]) -> T:
        """The answer where there is one ``see`` call and one path."""
        (answer,) = self.on_paths(question)
        return answer

    def named(self, name: str) -> Value:
        """The last value that was first bound to ``name``."""
        return [value for value in self.graph.values if value.name == name][-1]


def snippets(name: str) -> dict[str, str]:
    """The snippets of ``tests/snippets/NAME.txt`` by title. A title is a line that begins with ``===``."""
    text = (Path(__file__).parent / "snippets" / f"{name}.txt").read_text(encoding="utf-8")
    parts = [part.partition("\n") for part in ("\n" + text).split("\n=== ")[1:]]
    found = {title: snippet.rstrip("\n") for title, _, snippet in parts}
    assert len(found) == len(parts), "two snippets of one title"
    return found


def outlined(text: str) -> ModuleOutline:
    return outline(SourceText.from_text("snippet.py", text))


def read(text: str, root: str | None = None) -> Snippet:
    """The graph of ``root`` (a qualified name; ``<module>`` is the module's body), by default of the last definition
    that calls ``see``. The usual imports stand in front of the text."""
    whole = IMPORTS + dedent(text)

    def graph() -> DefinitionGraph:
        module = outlined(whole)
        candidates = [*module.definitions(), module.body]
        wanted = [d for d in candidates if (d.qualname == root if root else "see(" in d.text)]
        functions = [d for d in wanted if d.kind != "module"]
        return Interpreter(ModuleContext(module)).graph_of((functions or wanted)[-1])

    return Snippet(whole, on_big_stack(graph))


def body(lines: str | Sequence[str], parameters: str = "x") -> str:
    """A function ``f`` of these statements."""
    statements = [lines] if isinstance(lines, str) else lines
    return f"def f({parameters}):\n" + "".join(f"    {line}\n" for text in statements for line in text.split("\n"))


def see(expression: str, parameters: str = "x") -> Snippet:
    """The graph of a function that sees one expression, as ``it``."""
    return read(body(f"see(it={expression})", parameters))


def execute(text: str, function: str, *arguments: object) -> list[dict[str, Any]]:
    """What ``see`` is given when a function of the text is run; `Expected` and asserts end the run."""
    seen: list[dict[str, Any]] = []
    namespace: dict[str, Any] = {"see": lambda **values: seen.append(values), "__name__": "snippet"}
    exec(compile(IMPORTS + dedent(text), "snippet.py", "exec"), namespace)
    with suppress(Expected, AssertionError):
        namespace[function](*arguments)
    return seen


class Expected(Exception):
    """What snippets raise to leave."""


def constant(value: Value) -> object:
    """The literal that a value is, `ANYTHING` where it is none."""
    return value.value if isinstance(value, Constant) else ANYTHING


ANYTHING = "<anything>"


def evaluated(monomial: Monomial, number: Callable[[Any], float | None]) -> float | None:
    """A monomial as a number, given one for each symbol; None where a symbol has none."""
    total = monomial.coefficient
    for symbol, exponent in monomial.powers:
        known = number(symbol)
        if known is None:
            return None
        total *= math.pow(known, float(exponent))
    return total


def too_many_paths(snippet: Snippet, question: Callable[[Seen], object]) -> bool:
    """Whether a question depends on more paths than are looked at."""
    try:
        snippet.on_paths(question)
    except TooManyWorlds:
        return True
    return False
