"""Two uses of one mask that read it opposite ways round, in the same code."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import partial

from attnlint.attention.conventions import Reading, reading, reading_in
from attnlint.attention.site import AttentionPath, MaskUse
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.facts import Facts
from attnlint.graph.masks import number
from attnlint.graph.values import IsNone, MaskedFill, Origin, Value, Where, key

_LIMIT = 100
"""Values looked at in one condition."""


@dataclass(frozen=True)
class Elsewhere:
    """Another use of the tensor behind a mask."""

    at: Origin
    source: Value
    reading: Reading
    conditions: tuple[Value, ...]
    """What its code asks of the tensor, such as its dtype: elsewhere it may be another one."""

    @property
    def does(self) -> str:
        """What it does where the tensor is true."""
        return "is True where nothing is attended" if self.reading.polarity == "drops" else "is True where attended"


def read_otherwise(use: MaskUse, path: AttentionPath) -> Elsewhere | None:
    """A fill elsewhere in the same code that certainly reads this mask the other way round."""
    own = reading(use, path)
    fact = path.facts.mask(own.source) if own is not None else None
    if own is None or (fact is not None and fact.has_region):
        return None
    for other in _fills(path).get(key(own.source), ()):
        if own.contradicts(other.reading) and all(path.facts.truth(condition) for condition in other.conditions):
            return other
    return None


def _fills(path: AttentionPath) -> dict[Hashable, list[Elsewhere]]:
    """Every fill with −inf of a graph, by the tensor that says where."""
    memo, place = path.graph.world.memo, ("fills", id(path.graph))
    if place not in memo:
        found: dict[Hashable, list[Elsewhere]] = {}
        for other in _all_fills(path.graph):
            found.setdefault(key(other.source), []).append(other)
        memo[place] = found
    known: dict[Hashable, list[Elsewhere]] = memo[place]
    return known


def _all_fills(graph: DefinitionGraph) -> Iterator[Elsewhere]:
    for value in graph.values:
        if not isinstance(value, (MaskedFill, Where)) or value.origin is None:
            continue
        for _, found in graph.found(value, partial(_read, value)):
            asked = tuple(c for c in value.origin.guard if _asks_of(c, found.source))
            yield Elsewhere(value.origin, found.source, found, asked)


def _asks_of(condition: Value, source: Value) -> bool:
    """Whether a condition depends on more of a tensor than whether there is one."""
    waiting, seen, wanted = [condition], set[int](), key(source)
    while waiting and len(seen) < _LIMIT:
        value = waiting.pop()
        if isinstance(value, IsNone) or id(value) in seen:
            continue
        if key(value) == wanted:
            return True
        seen.add(id(value))
        waiting.extend(value.operands())
    return False


def _read(value: MaskedFill | Where, facts: Facts) -> Reading | None:
    if isinstance(value, MaskedFill):
        use = MaskUse("fill", value, value.mask, value.fill)
    elif number(value.otherwise, facts) is not None:
        use = MaskUse("fill", value, value.condition, value.otherwise, inverted=True)
    else:
        use = MaskUse("fill", value, value.condition, value.then)
    return reading_in(use, facts)
