"""What is done with hidden states says where their samples are: masks that go with them, how they are pooled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attnlint.attention.batch import ARITHMETIC, CERTAIN, SAME, Evidence, contract
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.facts import Facts
from attnlint.graph.scalars import extent_of
from attnlint.graph.shapes import integer
from attnlint.graph.values import (
    Carried,
    Embedding,
    Flatten,
    Index,
    MultiHead,
    Output,
    Phi,
    Reduce,
    Select,
    Slicing,
    TransformerCall,
    Value,
    View,
    literal,
    strip,
)

_POOLS = frozenset({"mean", "sum", "max", "min", "amax", "amin", "logsumexp"})
_MAX_USES = 200
_HIDDEN = tuple(kind for kind in SAME if kind is not Embedding)


def said_by_uses(start: Value, graph: DefinitionGraph, facts: Facts) -> Iterator[Evidence]:
    """What becomes of hidden states, followed while their leading axes stay as they are."""
    uses = graph.uses
    waiting, seen = [start], {id(start)}
    while waiting and len(seen) < _MAX_USES:
        value = waiting.pop()
        for use in uses.get(id(value), ()):
            if id(use) in seen or use.origin is None or not facts.world.surely(use.origin.guard):
                continue
            seen.add(id(use))
            yield from _said_by(use, value, facts)
            if _passes_on(use, value):
                waiting.append(use)


def _passes_on(use: Value, value: Value) -> bool:
    if isinstance(use, MultiHead):
        return strip(use.query) is value
    if isinstance(use, TransformerCall):
        return strip(use.stream) is value
    return isinstance(use, (*_HIDDEN, *ARITHMETIC, Phi, Carried, Output))


def _said_by(use: Value, value: Value, facts: Facts) -> Iterator[Evidence]:
    yield from contract(use, facts)
    shape = facts.shape(value)
    weight = CERTAIN if shape is not None and shape.rank == 3 else CERTAIN - 1
    if shape is not None and shape.rank not in (None, 3):
        return
    what = _what_mixes(use, value, facts)
    if what is not None:
        yield Evidence(0, weight, use, what)


def _what_mixes(use: Value, value: Value, facts: Facts) -> str | None:
    """A use under which different samples would be mixed, or all but one dropped, were they on axis 1."""
    match use:
        case Reduce(function=function) if function in _POOLS and integer(use.axis, facts) == 1:
            return f"{use.text} pools the tokens of axis 1"
        case Select(axis=axis, index=index) if integer(axis, facts) == 1 and isinstance(literal(index), int):
            return f"{use.text} takes one token of axis 1"
        case Index(keys=(Slicing() as whole, one, *_)) if type(literal(one)) is int and _is_whole(whole):
            return f"{use.text} takes one token of axis 1"
        case Flatten(start=start) if integer(start, facts) == 1:
            return f"{use.text} merges the tokens of axis 1 with their features"
        case View(sizes=(first, last)) if integer(last, facts) == -1:
            extent = facts.scalar(first)
            if extent is not None and extent.powers and extent.equals(extent_of(value, 0, facts)):
                return f"{use.text} merges the tokens of axis 1 with their features"
    return None


def _is_whole(cut: Slicing) -> bool:
    return literal(cut.lower) is None and literal(cut.upper) is None


def said_by_masks(call: MultiHead | TransformerCall, facts: Facts) -> Iterator[Evidence]:
    """Masks whose shapes count the tokens along axis 1 of what they go with."""
    for mask, queries, keys in _masked(call):
        shape = facts.shape(mask)
        if shape is None or shape.rank != 2:
            continue
        samples, tokens = extent_of(keys, 0, facts), extent_of(keys, 1, facts)
        if not samples.powers or not tokens.powers or samples.equals(tokens):
            continue
        first, last = shape.axes
        if queries is None and first == samples and last == tokens:
            yield Evidence(0, CERTAIN, mask, f"{mask.text} has the shape {shape}, a row for each cell of its axis 0")
        elif queries is not None and last == tokens and first == extent_of(queries, 1, facts):
            yield Evidence(0, CERTAIN, mask, f"{mask.text} has the shape {shape}, which is that of axis 1")


def _masked(call: MultiHead | TransformerCall) -> Iterator[tuple[Value, Value | None, Value]]:
    """Each mask of a call with the queries that it is for (None for a mask of keys) and the keys."""
    if isinstance(call, MultiHead):
        yield call.mask, call.query, call.key
        yield call.padding, None, call.key
        return
    given: dict[str, Any] = dict(zip(call.names, call.arguments, strict=True))
    for name, value in given.items():
        part = call.source if name.startswith(("src", "mask")) else call.target
        if name.startswith("memory"):
            keys = call.source if literal(call.memory) is None else call.memory
            if name.endswith("mask"):
                yield value, None if "padding" in name else call.target, keys
        elif name.endswith("mask"):
            yield value, None if "padding" in name else part, part
