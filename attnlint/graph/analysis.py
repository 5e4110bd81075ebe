"""The graph of one root definition, and questions about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from attnlint.graph.facts import Facts
from attnlint.graph.machine import Recorder
from attnlint.graph.module import ModuleContext
from attnlint.graph.values import Instance, Value
from attnlint.graph.worlds import TooManyWorlds, World, worlds_of
from attnlint.syntax.outline import Definition

T = TypeVar("T")
V = TypeVar("V", bound=Value)


class DefinitionGraph:
    """All values that a root definition computes, callees in reach included, in the order they are made."""

    def __init__(
        self,
        definition: Definition,
        module: ModuleContext,
        recorder: Recorder,
        receiver: Instance | None,
        outcome: tuple[Value, ...] = (),
    ) -> None:
        self.definition = definition
        self.module = module
        self.receiver = receiver
        """``self`` of the root, None for a function."""
        self.values = recorder.values
        self.discarded = recorder.discarded
        """Values of expression statements."""
        self.outcome = outcome
        """What outlives the root: what it returns, and what attributes hold in the end."""
        self.observations = recorder.observations
        self.world = World()
        """No assumptions: what is derived here holds on every path."""

    def all(self, kind: type[V]) -> Iterator[V]:
        """The values of one class."""
        return (value for value in self.values if isinstance(value, kind))

    def paths(self, value: Value, question: Callable[[Facts], T]) -> Iterator[tuple[Facts, T]]:
        """The answers to a question on every path on which ``value`` is computed; nothing where there are too many
        paths to look at."""
        guard = value.origin.guard if value.origin is not None else ()
        try:
            for world, answer in list(
                worlds_of(guard, lambda world: question(Facts(world, self.observations)), self.world)
            ):
                yield Facts(world, self.observations), answer
        except TooManyWorlds:
            return

    @property
    def in_torch_module(self) -> bool:
        """Whether the root is a method of a class that certainly derives from ``nn.Module``."""
        return self.receiver is not None and self.module.is_torch_module(self.receiver.outline)
