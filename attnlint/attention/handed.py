"""What attention sites take from the callers of the definition that holds them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from attnlint.attention.site import AttentionPath, AttentionSite
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.values import (
    Add,
    Convolution,
    Dispatched,
    Dropout,
    Extent,
    Flash,
    Instance,
    Linear,
    MultiHead,
    Parameter,
    Rank,
    Sdpa,
    Shape,
    Softmax,
    TorchModule,
    Value,
    strip,
)

_UNRELATED = (Extent, Shape, Rank, Linear, Convolution, Instance, TorchModule)
"""What is made from parameters without being one of them in any respect that a caller decides."""


def handed_in(sites: Sequence[AttentionSite], graph: DefinitionGraph) -> frozenset[str]:
    """The parameters of a root that its sites rest on: query, key or scores that are handed in as they are; masks,
    scales, flags and probabilities that are made from what is handed in; and conditions of what is done to the
    scores."""
    paths = [path for site in sites for path in site.paths]
    given = [value for path in paths for value in _tensors(path) if _is_given(value)]
    settings = [value for path in paths if _is_attention(path) for value in _settings(path)]
    if settings:
        settings.extend(dropout.p for dropout in graph.all(Dropout))
    given.extend(filter(_is_given, _reached(settings)))
    return frozenset(value.text for value in given)


def _is_given(value: Value) -> bool:
    return isinstance(value, Parameter) and not value.of_constructor


def _is_attention(path: AttentionPath) -> bool:
    """Whether the weights are for attention, or may be: a softmax can be of anything."""
    return path.query is not None or any(map(_is_given, _tensors(path))) or not isinstance(path.anchor, Softmax)


def _tensors(path: AttentionPath) -> Iterator[Value]:
    """Where the query, the key, the scores and the hidden states of one path come from."""
    yield from (operand.source for operand in (path.query, path.key) if operand is not None)
    if path.stream is not None:
        yield path.stream
    if path.scores_from is not None:
        yield path.scores_from
        yield from map(strip, path.scores_from.operands() if isinstance(path.scores_from, Add) else ())


def _settings(path: AttentionPath) -> Iterator[Value]:
    """Masks, scalars and flags of one path, and the conditions under which they count."""
    anchor = path.anchor
    if isinstance(anchor, (Sdpa, Flash, Dispatched)):
        yield anchor.dropout
    if isinstance(anchor, (Sdpa, Flash, Dispatched, MultiHead)):
        yield anchor.causal
    done = [anchor, *(use.at for use in path.masks), *(factor.at for factor in path.all_factors)]
    yield from (condition for value in done if value.origin is not None for condition in value.origin.guard)
    yield from (part for use in path.masks for part in (use.mask, use.fill) if part is not None)
    yield from (factor.operand for factor in path.all_factors if factor.operand is not None)


def _reached(values: Iterable[Value]) -> Iterator[Value]:
    """All that these are made from."""
    waiting, seen = list(values), set[int]()
    while waiting:
        value = waiting.pop()
        if id(value) not in seen and not isinstance(value, _UNRELATED):
            seen.add(id(value))
            waiting.extend(value.operands())
            yield value
