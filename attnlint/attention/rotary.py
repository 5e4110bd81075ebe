"""Rotary embeddings, told by what they compute: pairs of features turned by an angle from a table.

``x * cos + rotate_half(x) * sin``, the same by parts (``x1 * cos - x2 * sin`` beside ``x2 * cos + x1 * sin``), and the
product of complex numbers, in line or in a helper that is entered.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from attnlint.attention.transparent import LAYOUT, PARTS, beneath
from attnlint.graph.facts import Facts
from attnlint.graph.masks import number
from attnlint.graph.values import (
    Add,
    Arange,
    AsComplex,
    AsReal,
    Cat,
    Constant,
    Dropout,
    Index,
    Multiply,
    Negate,
    Normalize,
    Parameter,
    Pointwise,
    Product,
    Slicing,
    Stack,
    Subtract,
    Unknown,
    Value,
    key,
)

_THROUGH = (*LAYOUT, *PARTS, Dropout, Normalize)
_TABLE = (Pointwise, Product, Multiply, Cat, Stack)
"""What a table of angles goes through between the positions and the rotation."""


@dataclass(frozen=True)
class Rotation:
    """``x`` turned by the angles of ``table``."""

    at: Value
    x: Value
    table: tuple[Value, ...]


def rotation_behind(start: Value, facts: Facts) -> Rotation | None:
    """The rotation that a tensor, or a part of it, went through last."""
    waiting, budget = [start], 60
    while waiting and budget:
        budget -= 1
        value = facts.resolve(waiting.pop())
        found = rotation(value, facts)
        if found is not None:
            return found
        if isinstance(value, _THROUGH):
            waiting.append(next(value.operands()))
        elif isinstance(value, Cat):
            waiting.extend(value.items)
    return None


def rotation(value: Value, facts: Facts) -> Rotation | None:
    """A value as a rotation, None where it is none."""
    match value:
        case Add(left=left, right=right):
            one, two = facts.resolve(left), facts.resolve(right)
            if isinstance(one, Multiply) and isinstance(two, Multiply):
                return _by_halves(value, one, two, facts) or _by_halves(value, two, one, facts)
        case Subtract(left=left, right=right):  # by the same angles, back
            one, two = facts.resolve(left), facts.resolve(right)
            if isinstance(one, Multiply) and isinstance(two, Multiply):
                return _by_halves(value, one, two, facts)
        case Cat(items=(first, second)) | Stack(items=(first, second)):
            return _by_parts(value, facts.resolve(first), facts.resolve(second), facts)
        case AsReal(x=x):
            return _complex(value, facts.resolve(x), facts)
    return None


def _by_halves(at: Value, plain: Multiply, turned: Multiply, facts: Facts) -> Rotation | None:
    for half, sine in _either(turned, facts):
        whole = _rotated_half(half, facts)
        if whole is None:
            continue
        for x, cosine in _either(plain, facts):
            if _base(x, facts) == whole and _base(cosine, facts) != whole:
                return Rotation(at, x, (cosine, sine))
    return None


def _either(product: Multiply, facts: Facts) -> Iterator[tuple[Value, Value]]:
    left, right = facts.resolve(product.left), facts.resolve(product.right)
    yield left, right
    yield right, left


def _rotated_half(value: Value, facts: Facts) -> Hashable | None:
    """The tensor of which a value is ``cat((-second, first))``."""
    value = beneath(value, facts, LAYOUT)
    if not isinstance(value, (Cat, Stack)) or len(value.items) != 2:
        return None
    one, two = (facts.resolve(item) for item in value.items)
    negated = [_negated(item, facts) for item in (one, two)]
    if (negated[0] is None) is (negated[1] is None):
        return None
    first, second = (_base(n if n is not None else item, facts) for n, item in zip(negated, (one, two), strict=True))
    is_part = all(_is_part(n if n is not None else v, facts) for n, v in zip(negated, (one, two), strict=True))
    return first if first == second and is_part else None


def _negated(value: Value, facts: Facts) -> Value | None:
    value = beneath(value, facts, LAYOUT)
    if isinstance(value, Negate):
        return facts.resolve(value.x)
    if isinstance(value, Multiply):
        for x, factor in _either(value, facts):
            if number(factor, facts) == -1:
                return x
    return None


def _is_part(value: Value, facts: Facts) -> bool:
    held = beneath(value, facts, LAYOUT)
    return isinstance(held, PARTS)


def _base(value: Value, facts: Facts) -> Hashable:
    """What a tensor is a part or another layout of."""
    held = beneath(value, facts)
    return key(held)


def _by_parts(at: Value, first: Value, second: Value, facts: Facts) -> Rotation | None:
    """``x1 * cos - x2 * sin`` beside ``x2 * cos + x1 * sin``: the same four factors."""
    while isinstance(first, LAYOUT) and isinstance(second, LAYOUT):
        first, second = (facts.resolve(next(item.operands())) for item in (first, second))
    if not isinstance(first, Subtract) or not isinstance(second, Add):
        return None
    products = [facts.resolve(side) for sum_ in (first, second) for side in (sum_.left, sum_.right)]
    if not all(isinstance(product, Multiply) for product in products):
        return None
    factors = [[p.left, p.right] for p in products if isinstance(p, Multiply)]
    known = {key(facts.resolve(value)): facts.resolve(value) for pair in factors[:2] for value in pair}
    others = {key(facts.resolve(value)) for pair in factors[2:] for value in pair}
    if len(known) != 4 or known.keys() != others:
        return None
    parts = [value for value in known.values() if _is_part(value, facts)]
    for x in parts:
        halves = [value for value in parts if _base(value, facts) == _base(x, facts)]
        if len(halves) == 2:
            return Rotation(at, x, tuple(value for value in known.values() if value not in halves))
    return None


def _complex(at: Value, value: Value, facts: Facts) -> Rotation | None:
    if isinstance(value, Multiply):
        for x, table in _either(value, facts):
            if isinstance(x, AsComplex):
                return Rotation(at, x.x, (table,))
    return None


def positions_from_zero(found: Rotation, facts: Facts) -> Arange | None:
    """The ``arange`` that a rotation counts its positions with, if they certainly begin at zero."""
    waiting, budget = list(found.table), 80
    counted: Arange | None = None
    while waiting and budget:
        budget -= 1
        value = facts.resolve(waiting.pop())
        if isinstance(value, Arange):
            if value.length is not None and _is_length(value.length, facts):
                counted = value
        elif isinstance(value, (Add, Subtract, Unknown, Parameter)):
            return None
        elif isinstance(value, Index):
            if not all(_from_zero(place, facts) for place in value.keys):
                return None
            waiting.append(value.x)
        elif isinstance(value, LAYOUT):
            waiting.append(next(value.operands()))
        elif isinstance(value, _TABLE):
            waiting.extend(value.operands())
    return counted


def _is_length(length: Value, facts: Facts) -> bool:
    """Whether a number is the length of a sequence: an extent that is not the last one."""
    known = facts.scalar(length)
    if known is None or known.coefficient != 1 or len(known.powers) != 1:
        return False
    symbol, exponent = next(iter(known.powers))
    return exponent == 1 and symbol.is_extent and symbol.axis not in (None, 0, -1)


def _from_zero(place: Value, facts: Facts) -> bool:
    if isinstance(place, Constant):
        return True
    return isinstance(place, Slicing) and number(place.lower, facts) in (None, 0) and _is_none(place.lower, facts)


def _is_none(value: Value, facts: Facts) -> bool:
    held = facts.resolve(value)
    return isinstance(held, Constant) and held.value in (None, 0)
