"""What softmax is taken of, where that is softmax's own work already."""

from __future__ import annotations

from dataclasses import dataclass

from attnlint.attention.site import AttentionPath
from attnlint.attention.trail import factor_of
from attnlint.attention.transparent import LAYOUT
from attnlint.graph.axes import Place, carried, place_of
from attnlint.graph.masks import number
from attnlint.graph.shapes import integer
from attnlint.graph.values import (
    Add,
    Cast,
    Divide,
    Dropout,
    FloorDivide,
    MaskedFill,
    Multiply,
    Pointwise,
    Repeat,
    RepeatInterleave,
    Softmax,
    Subtract,
    Value,
    Where,
)


@dataclass(frozen=True)
class Earlier:
    """A softmax whose weights another softmax is taken of, and what lies between, in the order of the code."""

    softmax: Softmax
    steps: tuple[Value, ...]


def earlier_softmax(path: AttentionPath) -> Earlier | None:
    """The softmax whose weights the path's softmax is taken of, but for masks, scales, dropout and layout."""
    if not isinstance(path.anchor, Softmax):
        return None
    steps: list[Value] = []
    value: Value | None = path.facts.resolve(path.anchor.x)
    while value is not None and not isinstance(value, Softmax):
        steps.append(value)
        operand = _before(value, path)
        value = path.facts.resolve(operand) if operand is not None else None
    return Earlier(value, tuple(reversed(steps))) if value is not None else None


def _before(value: Value, path: AttentionPath) -> Value | None:
    """What a step is made of, where it leaves weights what they are or hides some of them."""
    facts = path.facts
    match value:
        case Multiply() | Divide() | FloorDivide():
            factor = factor_of(value, facts)
            sharpens = factor is None or factor[2] is None or (factor[2].is_number and factor[2].coefficient > 1)
            return None if factor is None or sharpens else factor[0]
        case Add(left=left, right=right) | Subtract(left=left, right=right):
            for weights, other in ((left, right), (right, left)):
                if facts.mask(other) is not None:
                    return weights
            return None
        case Where(then=then, otherwise=otherwise):
            if number(otherwise, facts) is not None:
                return then
            return otherwise if number(then, facts) is not None else None
        case MaskedFill(x=x) | Dropout(x=x) | Pointwise(function="clamp" | "nan_to_num", x=x):
            return x
    is_layout = isinstance(value, LAYOUT) and not isinstance(value, (Repeat, RepeatInterleave))
    return next(value.operands()) if is_layout else None


def is_of_same_axis(earlier: Earlier, path: AttentionPath) -> bool:
    """Whether the two softmaxes normalise one axis: softmax over one axis after another is meant."""
    assert isinstance(path.anchor, Softmax)
    first = _place(earlier.softmax, path)
    for step in earlier.steps:
        first = carried(step, first, path.facts) if first is not None else None
    second = _place(path.anchor, path)
    if first is not None and second is not None:
        return first.axis == second.axis
    return not any(isinstance(step, LAYOUT) and not isinstance(step, Cast) for step in earlier.steps)


def _place(softmax: Softmax, path: AttentionPath) -> Place | None:
    axis, shape = integer(softmax.axis, path.facts), path.facts.shape(softmax.x)
    return None if axis is None else place_of(axis, shape.rank if shape is not None else None)
