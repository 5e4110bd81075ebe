"""Masks in another layout."""

from __future__ import annotations

from typing import Any

from attnlint.graph.domains import Ask
from attnlint.graph.masks.fact import MaskFact
from attnlint.graph.masks.numbers import number
from attnlint.graph.masks.registry import MASKS
from attnlint.graph.matrices import keeps_matrix
from attnlint.graph.values import (
    Expand,
    Index,
    Rearrange,
    Repeat,
    ReverseDims,
    Select,
    Transpose,
    Unsqueeze,
    View,
)


@MASKS.of(Unsqueeze, Expand, Repeat, View, Rearrange, Select, Index)
def _through(value: Any, ask: Ask) -> MaskFact | None:
    """The same mask in another layout; its triangles only if the last two axes are seen to be what they were."""
    fact = ask.mask(value.x)
    if fact is None or not fact.has_region or keeps_matrix(value, ask):
        return fact
    return fact.unplaced()


@MASKS.of(Transpose, ReverseDims)
def _transposed(value: Transpose | ReverseDims, ask: Ask) -> MaskFact | None:
    fact, shape = ask.mask(value.x), ask.shape(value.x)
    if fact is None or not fact.has_region:
        return fact
    if isinstance(value, ReverseDims):
        matrix = shape is not None and shape.rank == 2
    else:
        axes = {number(value.first, ask), number(value.second, ask)}
        matrix = axes == {-2, -1} or (axes == {0, 1} and shape is not None and shape.rank == 2)
    return fact.transposed() if matrix else fact.unplaced()
