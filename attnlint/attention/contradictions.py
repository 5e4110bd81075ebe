"""Two uses of one mask that read it opposite ways round, in the same code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from attnlint.attention.conventions import Reading, reading, reading_in
from attnlint.attention.site import AttentionPath, MaskUse
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.facts import Facts
from attnlint.graph.masks import number
from attnlint.graph.values import IsNone, MaskedFill, Origin, Value, Where, key, strip

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
        where = "nothing is attended" if self.reading.polarity == "drops" else "attended"
        return f"is True, or not 0, where {where}"


def read_otherwise(use: MaskUse, path: AttentionPath) -> Elsewhere | None:
    """A fill elsewhere in the same code that certainly reads this mask the other way round."""
    own = reading(use, path)
    fact = path.facts.mask(own.source) if own is not None else None
    if own is None or (fact is not None and fact.has_region):
        return None
    for other in _fills(path, own.source):
        if own.contradicts(other.reading) and all(path.facts.truth(condition) for condition in other.conditions):
            return other
    return None


def _fills(path: AttentionPath, source: Value) -> list[Elsewhere]:
    """Every fill with −inf of a graph, where the tensor says so."""
    memo, place = path.graph.world.memo, (f"fills {key(source)}", id(path.graph))
    if place not in memo:
        memo[place] = list(_found(path.graph, source))
    known: list[Elsewhere] = memo[place]
    return known


def _found(graph: DefinitionGraph, source: Value) -> Iterator[Elsewhere]:
    wanted = key(source)
    for value in graph.values:
        if not isinstance(value, (MaskedFill, Where)) or value.origin is None:
            continue
        if not _depends_on(value.mask if isinstance(value, MaskedFill) else value.condition, source):
            continue
        for _, found in graph.found(value, partial(_read, value)):
            if key(found.source) == wanted:
                asked = tuple(c for c in value.origin.guard if _depends_on(c, source, but=IsNone))
                yield Elsewhere(value.origin, found.source, found, asked)


def _depends_on(value: Value, source: Value, but: type[Value] | None = None) -> bool:
    """Whether a value is computed from a tensor; ``but``: not as far as values of this class are."""
    waiting, seen, wanted = [value], set[int](), key(source)
    while waiting and len(seen) < _LIMIT:
        part = strip(waiting.pop())
        if id(part) in seen or (but is not None and isinstance(part, but)):
            continue
        if key(part) == wanted:
            return True
        seen.add(id(part))
        waiting.extend(part.operands())
    return False


def _read(value: MaskedFill | Where, facts: Facts) -> Reading | None:
    if isinstance(value, MaskedFill):
        use = MaskUse("fill", value, value.mask, value.fill)
    elif number(value.otherwise, facts) is not None:
        use = MaskUse("fill", value, value.condition, value.otherwise, inverted=True)
    else:
        use = MaskUse("fill", value, value.condition, value.then)
    return reading_in(use, facts)
