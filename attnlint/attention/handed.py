"""What attention sites take from the callers of the definition that holds them, and what they leave to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from attnlint.attention.arms import is_handed_in
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
    TransformerCall,
    Value,
    strip,
)

_UNRELATED = (Extent, Shape, Rank, Linear, Convolution, Instance, TorchModule)
"""What is made from parameters without being one of them in any respect that a caller decides."""
_PROJECTED = (Linear, Convolution)


@dataclass(frozen=True)
class Handed:
    """What the sites of one definition have to do with its callers."""

    is_part: bool = False
    """Whether callers hold a part of the attention: they hand in query, key or scores, or get weights or an output that
    is not projected yet."""
    parameters: frozenset[str] = frozenset()
    """Those that masks, scales, flags and probabilities rest on, and conditions of what is done to the scores."""
    of_constructor: frozenset[str] = frozenset()
    """The same of the constructor of its class."""


NOTHING_HANDED = Handed()


def handed(sites: Sequence[AttentionSite], graph: DefinitionGraph) -> Handed:
    """What the sites that a root reaches have to do with its callers."""
    paths = [path for site in sites for path in site.paths if _is_attention(path)]
    settings = [value for path in paths for value in _settings(path)]
    if paths:
        settings.extend(dropout.p for dropout in graph.all(Dropout))
    given = [value for value in _reached(settings) if isinstance(value, Parameter)]
    return Handed(
        is_part=any(any(map(is_handed_in, _tensors(path))) or not _is_projected(path) for path in paths),
        parameters=frozenset(value.label for value in given if not value.of_constructor),
        of_constructor=frozenset(value.label for value in given if value.of_constructor),
    )


def _is_attention(path: AttentionPath) -> bool:
    """Whether the weights are for attention, or may be: a softmax can be of anything."""
    return path.query is not None or any(map(is_handed_in, _tensors(path))) or not isinstance(path.anchor, Softmax)


def _tensors(path: AttentionPath) -> Iterator[Value]:
    """Where the query, the key, the scores and the hidden states of one path come from."""
    yield from (operand.source for operand in (path.query, path.key) if operand is not None)
    if path.stream is not None:
        yield path.stream
    if path.scores_from is not None:
        yield path.scores_from
        yield from map(strip, path.scores_from.operands() if isinstance(path.scores_from, Add) else ())


def _is_projected(path: AttentionPath) -> bool:
    """Whether a linear layer reads what the site computes."""
    if isinstance(path.anchor, (MultiHead, TransformerCall)):
        return True
    waiting, seen = [path.result], set[int]()
    while waiting:
        value = waiting.pop()
        if isinstance(value, _PROJECTED):
            return True
        if value is not None and id(value) not in seen:
            seen.add(id(value))
            waiting.extend(path.graph.users.get(id(value), ()))
    return False


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
