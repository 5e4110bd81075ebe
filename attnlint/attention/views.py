"""The views on both sides of attention: those that split heads on the way in, and those that merge them after it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from heapq import heappop, heappush

from attnlint.attention.site import AttentionPath
from attnlint.attention.transparent import LAYOUT, PARTS
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.facts import Facts
from attnlint.graph.values import (
    Add,
    Divide,
    Dropout,
    Linear,
    MaskedFill,
    Multiply,
    Normalize,
    Phi,
    Pointwise,
    ReverseDims,
    Subtract,
    Value,
    View,
    key,
    strip,
)

_BEFORE = (*LAYOUT, *PARTS, Normalize, Dropout, Pointwise, Add, Subtract, Multiply, Divide)
"""What stands between a projection and the views that split its heads."""
_AFTER = (*LAYOUT, ReverseDims, Dropout, MaskedFill, Pointwise)
"""What the result of attention goes through before the next projection, its axes still to be told apart."""


def swaps_nothing(view: View, facts: Facts) -> bool:
    """Whether an axis of a view has the extent one on this path, as its conditions say (``assert T == 1``): its order
    with another axis does not matter then."""
    sizes = (facts.resolve(size) for size in view.sizes)
    return any(facts.world.known(("equal", key(size), 1)) is True for size in sizes)


def projection_of(view: View) -> Linear | None:
    """The projection whose output a view regroups, on some path."""
    value, budget = strip(view.x), 24
    while budget:
        budget -= 1
        match value:
            case Linear():
                return value
            case Phi(then=then):
                value = strip(then)
            case _ if isinstance(value, _BEFORE):
                value = strip(next(value.operands()))
            case _:
                return None
    return None


def merges(path: AttentionPath) -> Iterator[View]:
    """The views of what the site computes, that are made on this path, up to the next projection."""
    result = path.result
    if result is None:
        return
    for view in _reached(path, result):
        guard = view.origin.guard if view.origin is not None else ()
        if path.facts.world.holds(guard) and _leads_to(view, result, path):
            yield view


def _reached(path: AttentionPath, result: Value) -> list[View]:
    """Views that the result may go into on some path, in the order of the code."""
    place = ("views reached", id(result))
    known: list[View] | None = path.graph.world.memo.get(place)
    if known is None:
        known = path.graph.world.memo[place] = list(_reachable(result, path.graph))
    return known


def _reachable(result: Value, graph: DefinitionGraph) -> Iterator[View]:
    takers = _takers(graph)
    waiting = list(takers[id(result)])
    seen = -1
    while waiting:
        place = heappop(waiting)
        if place > seen:
            seen, value = place, graph.values[place]
            for later in takers[id(value)]:
                if later > place:
                    heappush(waiting, later)
            if isinstance(value, View):
                yield value


def _takers(graph: DefinitionGraph) -> dict[int, list[int]]:
    """By the identity of a value, the places among all values of those that it may go into on some path."""
    place = "takers"
    known: dict[int, list[int]] | None = graph.world.memo.get(place)
    if known is None:
        known = graph.world.memo[place] = defaultdict(list)
        for number, value in enumerate(graph.values):
            if isinstance(value, _AFTER):
                for leaf in _leaves(next(value.operands())):
                    known[id(leaf)].append(number)
    return known


def _leaves(value: Value) -> Iterator[Value]:
    """The alternatives of a value."""
    waiting, budget = [value], 16
    while waiting and budget:
        budget -= 1
        inner = strip(waiting.pop())
        if isinstance(inner, Phi):
            waiting += (inner.then, inner.otherwise)
        else:
            yield inner


def _leads_to(view: View, result: Value, path: AttentionPath) -> bool:
    value = path.facts.resolve(view.x)
    while value is not result and isinstance(value, _AFTER):
        value = path.facts.resolve(next(value.operands()))
    return value is result
