"""The graph of one root definition, and questions about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from typing import TypeVar, cast

from attnlint.graph.facts import Facts
from attnlint.graph.machine import MAX_VALUES, Heap, Recorder
from attnlint.graph.module import ModuleContext
from attnlint.graph.values import Instance, Softmax, Unknown, Value, strip
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
        heap: Heap,
    ) -> None:
        self.definition = definition
        self.module = module
        self.receiver = receiver
        """``self`` of the root, None for a function."""
        self.values = recorder.values
        self.discarded = recorder.discarded
        """Values of expression statements."""
        self.observations = recorder.observations
        self.returned = recorder.returned
        """What the root's return statements give back."""
        self.kept = recorder.kept
        """Values that objects and containers hold afterwards."""
        self.softmaxes: dict[int, frozenset[Softmax]] = {}
        """The softmaxes whose weights a value may be, by value: a memo of `attnlint.attention.trail`."""
        self.unread = recorder.unread
        """Definitions in reach that cannot be parsed, with the reason."""
        self.stores = recorder.stores
        """Attributes that the definition sets, and its object's constructor before it, in order."""
        self._by_kind: dict[type[Value], list[Value]] = {}
        self._heap = heap
        self._placed = recorder.placed
        self.world = World()
        """No assumptions: what is derived here holds on every path."""

    def held(self, owner: Value, member: str) -> Value | None:
        """What an attribute holds in the end, None where nobody set it."""
        return self._heap.get((id(owner), member))

    def is_placed(self, value: Value) -> bool:
        """Whether the code puts a tensor on a device itself."""
        return id(value) in self._placed

    @property
    def outcome(self) -> tuple[Value, ...]:
        """What outlives the root: what it returns, and what attributes hold in the end."""
        return (*self.returned, *self._heap.values())

    def all(self, kind: type[V]) -> Iterator[V]:
        """The values of one class, in the order they are made."""
        known = self._by_kind.get(kind)
        if known is None:
            known = self._by_kind[kind] = [value for value in self.values if isinstance(value, kind)]
        return cast(Iterator[V], iter(known))

    def found(self, value: Value, question: Callable[[Facts], T | None]) -> Iterator[tuple[Facts, T]]:
        """The answers to a question that are not None, each on a path on which ``value`` is computed.

        Conditions are looked at only where there is an answer, so that asking about many values is cheap.
        """
        guard = value.origin.guard if value.origin is not None else ()
        asked = worlds_of((), lambda world: question(Facts(world, self.observations)), self.world)
        with suppress(TooManyWorlds):
            for world, answer in asked:
                if answer is not None:
                    with suppress(TooManyWorlds):
                        for reached, _ in worlds_of(guard, lambda world: None, world):
                            yield Facts(reached, self.observations), answer
                            break

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

    @cached_property
    def everything(self) -> list[Value]:
        """All values, and what they are computed from: attribute reads, branches and parameters are values too."""
        found = list(self.values)
        seen = {id(value) for value in found}
        for value in found:
            for operand in value.operands():
                if id(operand) not in seen:
                    seen.add(id(operand))
                    found.append(operand)
        return found

    @cached_property
    def users(self) -> dict[int, list[Value]]:
        """The values that are computed from a value, by its identity."""
        users: dict[int, list[Value]] = defaultdict(list)
        for value in self.everything:
            for operand in value.operands():
                users[id(operand)].append(value)
        return users

    @cached_property
    def uses(self) -> dict[int, list[Value]]:
        """The operations that are given a value itself, by whatever name, by its identity."""
        uses: dict[int, list[Value]] = defaultdict(list)
        for value in self.values:
            for operand in value.operands():
                uses[id(strip(operand))].append(value)
        return uses

    @cached_property
    def alive(self) -> frozenset[int]:
        """The identities of the values that anything which outlives the root, or that unknown code, is made from."""
        waiting: list[Value] = [*self.outcome, *self.kept, *(store.value for store in self.stores)]
        waiting += self.all(Unknown)
        alive = {id(value) for value in waiting}
        while waiting:
            for operand in waiting.pop().operands():
                if id(operand) not in alive:
                    alive.add(id(operand))
                    waiting.append(operand)
        return frozenset(alive)

    @property
    def is_whole(self) -> bool:
        """Whether all that the definition computes was looked at."""
        return len(self.values) < MAX_VALUES

    @property
    def in_torch_module(self) -> bool:
        """Whether the root is a method of a class that certainly derives from ``nn.Module``."""
        return self.receiver is not None and self.module.is_torch_module(self.receiver.outline)
