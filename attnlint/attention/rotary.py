"""Rotary positions: ``x * cos + rotated(x) * sin`` turns pairs of features, and the vector keeps its length.

They are told by what they compute: one summand is a tensor times cosines, the other is parts of the same tensor, some
of them negated and put together in another order, times sines.
"""

from __future__ import annotations

from collections.abc import Iterator

from attnlint.graph.facts import Facts
from attnlint.graph.values import (
    Add,
    Cast,
    Cat,
    Expand,
    Flatten,
    Index,
    Multiply,
    Negate,
    Piece,
    Pieces,
    Pointwise,
    Rearrange,
    Repeat,
    RepeatInterleave,
    Select,
    Squeeze,
    Stack,
    Transpose,
    Unflatten,
    Unsqueeze,
    Value,
    View,
)

_LAYOUT = (
    Cast, Expand, Flatten, Rearrange, Repeat, RepeatInterleave, Squeeze, Transpose, Unflatten, Unsqueeze, View, Index,
    Select,
)  # fmt: skip
_PARTS = (Cast, Flatten, View, Unflatten, Rearrange, Index, Select, Piece, Pieces, Squeeze, Unsqueeze)
_STEPS = 24


def turned(value: Value, facts: Facts) -> Value | None:
    """The tensor that a rotary embedding turns, None for what is no rotary embedding."""
    if not isinstance(value, Add):
        return None
    for one, other in ((value.left, value.right), (value.right, value.left)):
        tensor, partner = _times(one, "cos", facts), _times(other, "sin", facts)
        if tensor is not None and partner is not None and _is_of(partner, tensor, facts):
            return tensor
    return None


def _times(value: Value, function: str, facts: Facts) -> Value | None:
    """What is multiplied with cosines or sines."""
    product = facts.resolve(value)
    if isinstance(product, Multiply):
        for tensor, other in ((product.left, product.right), (product.right, product.left)):
            if _is_wave(other, function, facts):
                return tensor
    return None


def _is_wave(value: Value, function: str, facts: Facts) -> bool:
    wave = facts.resolve(value)
    for _ in range(_STEPS):
        if isinstance(wave, Pointwise):
            return wave.function == function
        if isinstance(wave, Cat) and wave.items:
            wave = facts.resolve(wave.items[0])
        elif isinstance(wave, _LAYOUT):
            wave = facts.resolve(next(wave.operands()))
        else:
            return False
    return False


def _is_of(partner: Value, tensor: Value, facts: Facts) -> bool:
    """Whether the partner is made of parts of the tensor, at least one of them negated."""
    whole = facts.resolve(tensor)
    ends = list(_ends(facts.resolve(partner), facts, False, _STEPS))
    return any(negated for _, negated in ends) and all(_whole(end, facts) is _whole(whole, facts) for end, _ in ends)


def _ends(value: Value, facts: Facts, negated: bool, steps: int) -> Iterator[tuple[Value, bool]]:
    if steps and isinstance(value, (Cat, Stack)):
        for item in value.items:
            yield from _ends(facts.resolve(item), facts, negated, steps - 1)
    elif steps and isinstance(value, Negate):
        yield from _ends(facts.resolve(value.x), facts, True, steps - 1)
    elif steps and isinstance(value, (Flatten, View, Rearrange)) and _joins(value, facts):
        yield from _ends(facts.resolve(next(value.operands())), facts, negated, steps - 1)
    else:
        yield value, negated


def _joins(value: Value, facts: Facts) -> bool:
    """A layout change of something that was put together."""
    return isinstance(facts.resolve(next(value.operands())), (Cat, Stack, Negate))


def _whole(value: Value, facts: Facts) -> Value:
    """The tensor that a part is of."""
    for _ in range(_STEPS):
        if not isinstance(value, _PARTS):
            break
        value = facts.resolve(next(value.operands()))
    return value
