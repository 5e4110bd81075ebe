"""Symbolic shapes: the extent of every axis as a monomial, named by where it came from."""

from __future__ import annotations

from attnlint.graph.domains import Ask
from attnlint.graph.scalars import Monomial, Symbol
from attnlint.graph.shapes import computed, layout
from attnlint.graph.shapes.arguments import integer
from attnlint.graph.shapes.registry import SHAPES
from attnlint.graph.shapes.tensor_shape import ONE, UNKNOWN, ExtentOf, TensorShape, broadcast
from attnlint.graph.values import Value, key

__all__ = ["ONE", "UNKNOWN", "ExtentOf", "TensorShape", "broadcast", "computed", "integer", "layout", "shape"]


def shape(value: Value, ask: Ask) -> TensorShape | None:
    """The shape of a value, refined by what the code relies on elsewhere; None for what is no tensor."""
    found = SHAPES(value, ask)
    return _observed(value, found, ask)


def _observed(value: Value, found: TensorShape | None, ask: Ask) -> TensorShape | None:
    rank = ask.observed_rank(value)
    if found is None and rank is None and ask.observed_extent(value, -1) is None:
        return None
    found = found or UNKNOWN
    axes: list[ExtentOf] = list(found.axes)
    if found.open and rank is not None and rank >= len(axes):
        axes = [*(None for _ in range(rank - len(axes))), *axes]
        found = TensorShape(tuple(axes))
    if found.open and not axes:
        axes = [None]
    for place, extent in enumerate(axes):
        if extent is None:
            axes[place] = _symbolic(value, place, len(axes), found.open, ask)
    return TensorShape(tuple(axes), found.open)


def _symbolic(value: Value, place: int, count: int, is_open: bool, ask: Ask) -> ExtentOf:
    for axis in (place - count, place):
        if axis < 0 or not is_open:
            seen = ask.observed_extent(value, axis)
            known = ask.scalar(seen) if seen is not None else None
            if known is not None:
                return known
    axis = place - count if is_open else place
    return Monomial.of(Symbol(("extent", key(value), axis), value, axis))
