"""Masks made of masks: inverted, joined, cast, turned into what is added to scores."""

from __future__ import annotations

import math
from dataclasses import replace

from attnlint.graph.domains import Ask
from attnlint.graph.dtypes import FLOATS
from attnlint.graph.masks.fact import VERY_NEGATIVE, MaskFact, Representation
from attnlint.graph.masks.numbers import is_infinite, number
from attnlint.graph.masks.registry import MASKS
from attnlint.graph.values import (
    Add,
    Attribute,
    Cast,
    Convolution,
    Divide,
    Embedding,
    Expand,
    Full,
    Index,
    Linear,
    MaskedFill,
    Multiply,
    Not,
    Parameter,
    Permute,
    Piece,
    Pointwise,
    Product,
    Rearrange,
    Repeat,
    Select,
    Softmax,
    Subtract,
    Transpose,
    Unsqueeze,
    Value,
    View,
    Where,
)

_LAYOUT = (Expand, Index, Rearrange, Repeat, Select, Unsqueeze, View)
_MOVED = (*_LAYOUT, Transpose, Permute, Piece, Multiply, Divide, Add)
"""What computes no other dtype than its operand has."""


@MASKS.of(Not)
def _not(value: Not, ask: Ask) -> MaskFact | None:
    """``~m`` and ``logical_not(m)``; the first is right for bool alone, and unknown for the rest."""
    return _inverted(ask.mask(value.x), ("bool",))


def _inverted(fact: MaskFact | None, allowed: tuple[Representation, ...]) -> MaskFact | None:
    return fact.complement() if fact is not None and fact.representation in allowed else None


@MASKS.of(Subtract)
def _subtract(value: Subtract, ask: Ask) -> MaskFact | None:
    if number(value.left, ask) == 1:
        return _inverted(ask.mask(value.right), ("binary",))
    return None


@MASKS.of(Multiply)
def _multiply(value: Multiply, ask: Ask) -> MaskFact | None:
    left, right = ask.mask(value.left), ask.mask(value.right)
    lowered = _lowered(value, ask)
    if lowered is not None:
        return lowered
    for fact, other in ((left, value.right), (right, value.left)):
        factor = number(other, ask)
        if fact is not None and fact.representation == "binary" and factor == 1:
            return fact
        is_low = factor is not None and factor <= VERY_NEGATIVE and not is_infinite(other, ask)
        is_all = fact is not None and fact.everywhere and factor == -math.inf
        if fact is not None and fact.representation == "binary" and (is_low or is_all):
            return replace(fact, representation="additive")
    if left is not None and right is not None and left.representation != "additive" != right.representation:
        same = left.representation == right.representation
        return replace(left.both(right), representation=left.representation if same else "binary")
    return None


def _lowered(value: Multiply, ask: Ask) -> MaskFact | None:
    """``(mask - 1) * 1e9``."""
    for side, other in ((value.left, value.right), (value.right, value.left)):
        factor, difference = number(other, ask), ask.resolve(side)
        if factor is None or factor < -VERY_NEGATIVE or is_infinite(other, ask) or not isinstance(difference, Subtract):
            continue
        fact = ask.mask(difference.left)
        if fact is not None and fact.representation == "binary" and number(difference.right, ask) == 1:
            return replace(fact.complement(), representation="additive")
    return None


@MASKS.of(Add)
def _add(value: Add, ask: Ask) -> MaskFact | None:
    """Two masks to be added to scores, added to one another."""
    left, right = ask.mask(value.left), ask.mask(value.right)
    if left is None or right is None or {left.representation, right.representation} != {"additive"}:
        return None
    return left.either(right)


@MASKS.of(Pointwise)
def _logical(value: Pointwise, ask: Ask) -> MaskFact | None:
    if value.function not in ("and", "or", "xor"):
        return None
    facts = [_as_bool(side, ask) for side in (value.x, value.others[0])]
    if facts[0] is None or facts[1] is None or all(_is_given(side, ask) for side in (value.x, value.others[0])):
        return None
    one, two = facts
    assert one is not None
    assert two is not None
    return one.both(two) if value.function == "and" else one.either(two) if value.function == "or" else MaskFact("bool")


def _as_bool(value: Value, ask: Ask) -> MaskFact | None:
    fact = ask.mask(value)
    if fact is None and _is_given(value, ask):
        return MaskFact("bool")
    return fact if fact is not None and fact.representation == "bool" else None


def _is_given(value: Value, ask: Ask) -> bool:
    """Whether a mask is handed in. Joined with a mask of bools it is one itself, or no sink would take the result."""
    held = ask.resolve(value)
    while isinstance(held, (*_LAYOUT, Not)):
        held = ask.resolve(held.x)
    return isinstance(held, (Parameter, Attribute)) and ask.mask(held) is None and ask.dtype(held) is None


@MASKS.of(Cast)
def _cast(value: Cast, ask: Ask) -> MaskFact | None:
    source, dtype = ask.mask(value.x), ask.dtype(value)
    if source is None:
        return MaskFact("bool") if dtype == "bool" else None
    if dtype == "bool":
        return replace(source, representation="bool")
    if source.representation == "bool":
        is_number = dtype is not None or _names_floats(value.dtype, ask)
        return replace(source, representation="binary") if is_number else None
    if source.representation == "additive" and dtype is not None and dtype not in FLOATS:
        return None
    return source


def _names_floats(dtype: Value | None, ask: Ask) -> bool:
    """``x.dtype`` of what a layer or a product computes, which is no bool."""
    read = ask.resolve(dtype) if dtype is not None else None
    return isinstance(read, Attribute) and read.member == "dtype" and _holds_floats(read.base, ask)


def _holds_floats(value: Value, ask: Ask) -> bool:
    """Whether a layer or a product computes it."""
    source = ask.resolve(value)
    while isinstance(source, _MOVED):
        source = ask.resolve(next(source.operands()))
    return isinstance(source, (Linear, Convolution, Product, Embedding, Softmax))


@MASKS.of(MaskedFill)
def _masked_fill(value: MaskedFill, ask: Ask) -> MaskFact | None:
    base, chosen, fill = ask.resolve(value.x), ask.mask(value.mask), number(value.fill, ask)
    source = ask.mask(base)
    if fill is None or ask.dtype(base) == "bool":
        return None
    if fill == 0 and source is not None and source.representation == "additive":
        is_idle = chosen is not None and chosen.region is not None and source.region == chosen.region.complement()
        return source if is_idle else MaskFact("additive")
    if fill > VERY_NEGATIVE:
        return None
    filled = replace(chosen, representation="additive") if chosen is not None else MaskFact("additive")
    if isinstance(base, Full) and number(base.fill, ask) == 0:
        is_alike = base.like is not None and base.dtype is None and ask.dtype(base) is None
        return None if is_alike and not _holds_floats(base.like or base, ask) else filled
    if source is None or source.representation == "bool":
        return None
    return filled if source.representation == "binary" else source.either(filled)


@MASKS.of(Where)
def _where(value: Where, ask: Ask) -> MaskFact | None:
    condition = ask.mask(value.condition) or MaskFact("bool")
    then, otherwise = number(value.then, ask), number(value.otherwise, ask)
    if then is not None and otherwise == 0 and then <= VERY_NEGATIVE:
        return replace(condition, representation="additive")
    if then == 0 and otherwise is not None and otherwise <= VERY_NEGATIVE:
        return replace(condition.complement(), representation="additive")
    return None
