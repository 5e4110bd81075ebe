"""Where layouts begin: the axes of a tensor of which nothing is known but its shape."""

from __future__ import annotations

from attnlint.graph.domains import Ask
from attnlint.graph.layouts.atoms import Atom, Axis, Layout
from attnlint.graph.shapes import ExtentOf
from attnlint.graph.values import Value, key


def source(value: Value, ask: Ask) -> Layout | None:
    """Axes of their own for a tensor that comes from elsewhere; None for what is not known to be a tensor."""
    shape = ask.shape(value)
    if shape is None:
        return None
    identity = key(value)
    if not shape.open:
        return Layout(tuple(_axis(identity, place, known, value) for place, known in enumerate(shape.axes)))
    count = len(shape.axes)
    tail = (_axis(identity, place - count, known, value) for place, known in enumerate(shape.axes))
    return Layout(((rest(value),), *tail), True)


def rest(value: Value) -> Atom:
    """The unknown leading axes of a tensor."""
    return Atom(("rest", key(value)), "rest", None, value)


def _axis(identity: object, place: int, extent: ExtentOf, value: Value) -> Axis:
    if extent is not None and extent.is_one:
        return ()
    return (Atom(("axis", identity, place), "other", extent, value),)
