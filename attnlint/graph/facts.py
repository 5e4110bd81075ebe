"""All domains together: what is known about the values of one graph in one world."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import TypeVar, cast

from attnlint.graph import dtypes, layouts, masks, scalars, shapes
from attnlint.graph.values import Cast, Expand, Index, Not, Phi, Select, Squeeze, Unsqueeze, Value, View, strip
from attnlint.graph.worlds import NOT_DERIVED, Undecided, World
from attnlint.syntax.limits import MAX_STEPS
from attnlint.time_limit import check

T = TypeVar("T")
_SAME_NUMBERS = (Cast, Expand, Index, Select, Squeeze, Unsqueeze, View)
"""What takes numbers from a tensor, or lays them out anew."""


class Observations:
    """What code relies on about tensors of which nothing else is known, with the guard under which it does."""

    def __init__(self) -> None:
        self._ranks: dict[int, list[tuple[tuple[Value, ...], int]]] = defaultdict(list)
        self._extents: dict[tuple[int, int], list[tuple[tuple[Value, ...], Value]]] = defaultdict(list)
        self._indices: set[int] = set()
        self._alive: list[Value] = []

    def rank(self, value: Value, rank: int, guard: tuple[Value, ...]) -> None:
        """The value has this rank wherever ``guard`` holds."""
        for leaf, condition in _leaves(value, guard):
            self._alive.append(leaf)
            self._ranks[id(leaf)].append((condition, rank))

    def extent(self, value: Value, axis: int, extent: Value, guard: tuple[Value, ...]) -> None:
        """The value has this extent on ``axis`` wherever ``guard`` holds."""
        for leaf, condition in _leaves(value, guard):
            self._alive.append(leaf)
            self._extents[id(leaf), axis].append((condition, extent))

    def index(self, value: Value) -> None:
        """An embedding is read with the value."""
        for leaf, _ in _leaves(value, ()):
            source = _source(leaf)
            self._alive.append(source)
            self._indices.add(id(source))

    def is_index(self, value: Value) -> bool:
        """Whether an embedding is read with the value, or with another part of what it is a part of."""
        return id(_source(value)) in self._indices

    def rank_in(self, value: Value, world: World) -> int | None:
        """The rank observed in a world; None where none was, or where observations disagree."""
        seen = {rank for guard, rank in self._ranks.get(id(value), ()) if world.surely(guard)}
        return seen.pop() if len(seen) == 1 else None

    def extent_in(self, value: Value, axis: int, world: World) -> Value | None:
        """The first extent observed in a world."""
        return next((e for guard, e in self._extents.get((id(value), axis), ()) if world.surely(guard)), None)


def _source(value: Value) -> Value:
    """What a value is a part, or another layout, of."""
    value = strip(value)
    while isinstance(value, _SAME_NUMBERS):
        value = strip(value.x)
    return value


def _leaves(value: Value, guard: tuple[Value, ...], depth: int = 4) -> Iterator[tuple[Value, tuple[Value, ...]]]:
    """The alternatives of a value with the guard of each."""
    value = strip(value)
    if isinstance(value, Phi) and depth:
        yield from _leaves(value.then, (*guard, value.condition), depth - 1)
        yield from _leaves(value.otherwise, (*guard, Not(value.condition)), depth - 1)
    else:
        yield value, guard


class Facts:
    """Answers about values in one world; implements `attnlint.graph.domains.Ask`. Answers are memoised in the world.

    Every method may raise `attnlint.graph.worlds.Undecided`.
    """

    def __init__(self, world: World, observations: Observations) -> None:
        self.world = world
        self.resolve = world.resolve
        self.truth = world.truth
        self._observations = observations
        self._steps = 0

    def scalar(self, value: Value) -> scalars.Monomial | None:
        """The value as a number over symbols."""
        return self._once("scalar", value, scalars.scalar)

    def shape(self, value: Value) -> shapes.TensorShape | None:
        """The value's axes, None for what is not known to be a tensor."""
        return self._once("shape", value, shapes.shape)

    def layout(self, value: Value) -> layouts.Layout | None:
        """Where each axis of a tensor came from, None for what is not known to be a tensor."""
        return self._once("layout", value, layouts.layout)

    def dtype(self, value: Value) -> str | None:
        """The element type."""
        return self._once("dtype", value, dtypes.dtype)

    def mask(self, value: Value) -> masks.MaskFact | None:
        """What the value says as a mask."""
        return self._once("mask", value, masks.mask)

    def observed_rank(self, value: Value) -> int | None:
        """See `Observations.rank_in`."""
        return self._observations.rank_in(value, self.world)

    def observed_extent(self, value: Value, axis: int) -> Value | None:
        """See `Observations.extent_in`."""
        return self._observations.extent_in(value, axis, self.world)

    def observed_index(self, value: Value) -> bool:
        """See `Observations.is_index`."""
        return self._observations.is_index(self.world.resolve(value))

    def once(self, domain: str, value: Value, derive: Callable[[Value, Facts], T]) -> T:
        """What a further domain derives about a value, memoised as the others are; None while it is being derived."""
        return self._once(domain, value, derive)

    def _once(self, domain: str, value: Value, derive: Callable[[Value, Facts], T]) -> T:
        resolved = self.world.resolve(value)
        world, place = self.world, (domain, resolved)
        known: T = world.recall(place)
        if known is not NOT_DERIVED:
            return known
        wanted = world.open.get(place)
        if wanted is not None:
            raise Undecided(wanted)
        if self._steps >= MAX_STEPS:
            world.is_hedging = True
            return cast(T, None)
        outer, world.is_hedging = world.is_hedging, False
        before, world.reach = world.reach, 0
        world.memo[place] = None
        check()
        self._steps += 1
        try:
            answer = derive(resolved, self)
        except Undecided as undecided:
            del world.memo[place]
            world.open[place] = undecided.atom
            raise
        finally:
            self._steps -= 1
        world.keep(place, answer)
        world.is_hedging = outer or world.is_hedging
        world.reach = max(before, world.reach)
        return answer
