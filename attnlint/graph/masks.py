"""What a tensor says as a mask: how it speaks (bool, 0/1, additive), and which positions it names.

The region of a mask is where it is True, 1 or −inf. A triangular region knows its diagonal, so that ``triu(ones, 1)``,
``tril(ones) == 0``, ``~tril(ones)`` and ``1 - tril(ones)`` are all the same mask.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from attnlint.graph.domains import Ask, Handlers
from attnlint.graph.dtypes import FLOATS
from attnlint.graph.matrices import keeps_matrix
from attnlint.graph.values import (
    Add,
    Arange,
    Attribute,
    Cast,
    Compare,
    Constant,
    Divide,
    Expand,
    External,
    FromData,
    Full,
    Index,
    Learned,
    MaskedFill,
    Multiply,
    Negate,
    Not,
    Pointwise,
    Pure,
    Rearrange,
    Repeat,
    ReverseDims,
    Select,
    Subtract,
    Transpose,
    Tri,
    Unsqueeze,
    Value,
    View,
    Where,
    literal,
)

Representation: TypeAlias = Literal["bool", "binary", "additive"]

VERY_NEGATIVE = -1e3
"""A fill at or below this is meant as −inf: softmax gives such a score no weight."""


@dataclass(frozen=True)
class Triangle:
    """A triangular region: the cells on and above (``upper``) or on and below a diagonal, counted as in triu."""

    upper: bool
    diagonal: int

    def complement(self) -> Triangle:
        """All other cells: ``triu(1)`` and ``tril(0)`` complete each other."""
        return Triangle(not self.upper, self.diagonal - 1 if self.upper else self.diagonal + 1)


@dataclass(frozen=True)
class MaskFact:
    """Representation of a mask and the region where it is True, 1 or −inf."""

    representation: Representation
    region: Triangle | None = None
    everywhere: bool = False
    """Whether the region is all cells."""

    @property
    def is_causal(self) -> bool | None:
        """Whether it is the plain causal mask in its sink's usual convention: bool and 0/1 masks keep the lower
        triangle, additive ones drop the upper. None where the region is not triangular."""
        if self.region is None:
            return None
        kept = self.region.complement() if self.representation == "additive" else self.region
        return kept == Triangle(upper=False, diagonal=0)


_ANSWERS: Handlers[MaskFact] = Handlers()


def mask(value: Value, ask: Ask) -> MaskFact | None:
    """What a value says as a mask, None where it is not known to be one."""
    return _ANSWERS(value, ask)


def number(value: Value, ask: Ask) -> float | None:
    """A literal number; infinities and ``finfo(…).min`` and ``.max`` count as ∓∞."""
    match ask.resolve(value):
        case Constant(value=bool() | int() | float() as constant):
            return float(constant)
        case External(path=path) if path.rpartition(".")[2].lower() == "inf":
            return math.inf
        case Attribute(base=base, member="min" | "max" as end) if _is_finfo(base, ask):
            return -math.inf if end == "min" else math.inf
        case Negate(x=x):
            inner = number(x, ask)
            return None if inner is None else -inner
        case Divide(left=left, right=right) | Multiply(left=left, right=right):
            infinite = number(left, ask), number(right, ask)
            if math.inf in map(abs, (n for n in infinite if n is not None)) and None not in infinite:
                return infinite[0] if abs(infinite[0] or 0) == math.inf else infinite[1]
        case FromData(data=data) | Cast(x=data):
            return number(data, ask)
    known = ask.scalar(value)
    return known.coefficient if known is not None and known.is_number else None


def _is_finfo(value: Value, ask: Ask) -> bool:
    return isinstance(inner := ask.resolve(value), Pure) and inner.function == "finfo"


@_ANSWERS.of(Full)
def _full(value: Full, ask: Ask) -> MaskFact | None:
    fill, dtype = number(value.fill, ask), ask.dtype(value)
    if fill == 1:
        return MaskFact("bool" if dtype == "bool" else "binary", everywhere=True)
    if fill is not None and fill <= VERY_NEGATIVE and (dtype is None or dtype in FLOATS):
        return MaskFact("additive", everywhere=True)
    return None


@_ANSWERS.of(Tri)
def _tri(value: Tri, ask: Ask) -> MaskFact | None:
    source, diagonal = ask.mask(value.x), number(value.diagonal, ask)
    if source is None or diagonal is None or not source.everywhere:
        return None
    return MaskFact(source.representation, Triangle(value.upper, int(diagonal)))


@_ANSWERS.of(Not)
def _not(value: Not, ask: Ask) -> MaskFact | None:
    """``~m`` and ``logical_not(m)``; the first is right for bool alone, and unknown for the rest."""
    return _inverted(ask.mask(value.x), ("bool",))


def _inverted(fact: MaskFact | None, allowed: tuple[Representation, ...]) -> MaskFact | None:
    if fact is None or fact.representation not in allowed:
        return None
    return replace(fact, region=fact.region.complement() if fact.region else None, everywhere=False)


@_ANSWERS.of(Compare)
def _compare(value: Compare, ask: Ask) -> MaskFact | None:
    if not _is_tensor(value.left, ask) and not _is_tensor(value.right, ask):
        return None
    region = _arange_region(value, ask)
    if region is not None:
        return MaskFact("bool", region)
    source, constant = ask.mask(value.left), number(value.right, ask)
    if source is None or source.region is None or constant is None:
        return MaskFact("bool")
    inside = -math.inf if source.representation == "additive" else 1.0
    tests: dict[str, Callable[[float], bool]] = {
        "==": lambda x: x == constant, "<": lambda x: x < constant, "<=": lambda x: x <= constant,
        ">": lambda x: x > constant, ">=": lambda x: x >= constant,
    }  # fmt: skip
    test = tests.get(value.operator)
    if test is None or test(inside) == test(0.0):
        return MaskFact("bool")
    return MaskFact("bool", source.region if test(inside) else source.region.complement())


def _is_tensor(value: Value, ask: Ask) -> bool:
    return ask.shape(value) is not None or ask.mask(value) is not None


def _arange_region(value: Compare, ask: Ask) -> Triangle | None:
    """``arange(T)[:, None] >= arange(T)[None, :]`` and its kin, with a number added on either side."""
    (left, up), (right, down) = _shifted(value.left, ask), _shifted(value.right, ask)
    rows, columns = _position(left, ask), _position(right, ask)
    if rows is None or columns is None or rows == columns:
        return None
    lower = {"<": (True, 1), "<=": (True, 0), ">": (False, -1), ">=": (False, 0)}.get(value.operator)
    if lower is None:
        return None
    upper, diagonal = lower
    shift = int(up - down)
    return Triangle(upper, diagonal + shift) if rows == "row" else Triangle(not upper, -diagonal - shift)


def _shifted(value: Value, ask: Ask) -> tuple[Value, float]:
    """``positions + 1`` as the positions and the number."""
    resolved = ask.resolve(value)
    if isinstance(resolved, (Add, Subtract)):
        known = number(resolved.right, ask)
        if known is not None and math.isfinite(known):
            return resolved.left, known if isinstance(resolved, Add) else -known
    return value, 0


def _position(value: Value, ask: Ask) -> str | None:
    match ask.resolve(value):
        case Unsqueeze(x=x, axis=axis) if _counts(x, ask):
            return {0: "column", -2: "column", 1: "row", -1: "row"}.get(int(number(axis, ask) or 0))
        case Index(x=x, keys=(only,)) if _counts(x, ask) and literal(only) is None:
            return "column"
        case Index(x=x, keys=keys) if _counts(x, ask) and len(keys) == 2:
            none = [isinstance(k, Constant) and k.value is None for k in keys]
            return "column" if none == [True, False] else "row" if none == [False, True] else None
        case View(x=x, sizes=sizes) if _counts(x, ask) and len(sizes) == 2:
            ones = [number(s, ask) == 1 for s in sizes]
            return "column" if ones == [True, False] else "row" if ones == [False, True] else None
        case Arange(length=length) if length is not None:
            return "column"
    return None


def _counts(value: Value, ask: Ask) -> bool:
    """``arange(n)``: 0, 1, 2 …"""
    resolved = ask.resolve(value)
    return isinstance(resolved, Arange) and resolved.length is not None


@_ANSWERS.of(Subtract)
def _subtract(value: Subtract, ask: Ask) -> MaskFact | None:
    if number(value.left, ask) == 1:
        return _inverted(ask.mask(value.right), ("binary",))
    return None


@_ANSWERS.of(Multiply)
def _multiply(value: Multiply, ask: Ask) -> MaskFact | None:
    left, right = ask.mask(value.left), ask.mask(value.right)
    lowered = _lowered(value, ask)
    if lowered is not None:
        return lowered
    for fact, other in ((left, value.right), (right, value.left)):
        factor = number(other, ask)
        if fact is not None and fact.representation == "binary" and factor == 1:
            return fact
        finite = factor is not None and -math.inf < factor <= VERY_NEGATIVE and not _is_infinite(other, ask)
        if fact is not None and fact.representation == "binary" and finite:
            return replace(fact, representation="additive")
    if left is not None and right is not None and left.representation != "additive" != right.representation:
        return MaskFact(left.representation if left.representation == right.representation else "binary")
    return None


def _lowered(value: Multiply, ask: Ask) -> MaskFact | None:
    """``(mask - 1) * 1e9``."""
    for side, other in ((value.left, value.right), (value.right, value.left)):
        factor, difference = number(other, ask), ask.resolve(side)
        if factor is None or not -VERY_NEGATIVE <= factor < math.inf or not isinstance(difference, Subtract):
            continue
        fact = ask.mask(difference.left)
        if fact is not None and fact.representation == "binary" and number(difference.right, ask) == 1:
            return MaskFact("additive", fact.region.complement() if fact.region else None)
    return None


def _is_infinite(value: Value, ask: Ask) -> bool:
    """Whether a factor is −inf itself: 0 · −inf is NaN. ``finfo(…).min`` is finite."""
    held = ask.resolve(value)
    return isinstance(held, Constant) and math.isinf(float(held.value))


@_ANSWERS.of(Pointwise)
def _logical(value: Pointwise, ask: Ask) -> MaskFact | None:
    if value.function not in ("and", "or", "xor"):
        return None
    facts = ask.mask(value.x), ask.mask(value.others[0])
    both = all(fact is not None and fact.representation == "bool" for fact in facts)
    return MaskFact("bool") if both else None


@_ANSWERS.of(Cast)
def _cast(value: Cast, ask: Ask) -> MaskFact | None:
    source, dtype = ask.mask(value.x), ask.dtype(value)
    if source is None:
        return MaskFact("bool") if dtype == "bool" else None
    if dtype == "bool":
        return replace(source, representation="bool")
    if source.representation == "bool":
        return None if dtype is None else replace(source, representation="binary")
    if source.representation == "additive" and dtype is not None and dtype not in FLOATS:
        return None
    return source


@_ANSWERS.of(MaskedFill)
def _masked_fill(value: MaskedFill, ask: Ask) -> MaskFact | None:
    base, chosen, fill = ask.resolve(value.x), ask.mask(value.mask), number(value.fill, ask)
    source, region = ask.mask(base), chosen.region if chosen is not None else None
    if fill is None or ask.dtype(base) == "bool":
        return None
    if fill == 0 and source is not None and source.representation == "additive":
        return source if region is not None and source.region == region.complement() else replace(source, region=None)
    if fill > VERY_NEGATIVE:
        return None
    if isinstance(base, Full) and number(base.fill, ask) == 0:
        return MaskFact("additive", region)
    if source is None or source.representation == "bool":
        return None
    if source.representation == "additive" and source.region != region:
        region = None
    return MaskFact("additive", region)


@_ANSWERS.of(Where)
def _where(value: Where, ask: Ask) -> MaskFact | None:
    condition = ask.mask(value.condition)
    then, otherwise = number(value.then, ask), number(value.otherwise, ask)
    region = condition.region if condition else None
    if then is not None and otherwise == 0 and then <= VERY_NEGATIVE:
        return MaskFact("additive", region)
    if then == 0 and otherwise is not None and otherwise <= VERY_NEGATIVE:
        return MaskFact("additive", region.complement() if region else None)
    return None


@_ANSWERS.of(Unsqueeze, Expand, Repeat, View, Rearrange, Select, Index)
def _through(value: Any, ask: Ask) -> MaskFact | None:
    """The same mask in another layout; its region only if the last two axes are seen to be what they were."""
    fact = ask.mask(value.x)
    if fact is None or fact.region is None or keeps_matrix(value, ask):
        return fact
    return replace(fact, region=None)


@_ANSWERS.of(Transpose, ReverseDims)
def _transposed(value: Transpose | ReverseDims, ask: Ask) -> MaskFact | None:
    fact, shape = ask.mask(value.x), ask.shape(value.x)
    if fact is None or fact.region is None:
        return fact
    flipped = Triangle(not fact.region.upper, -fact.region.diagonal)
    if isinstance(value, ReverseDims):
        matrix = shape is not None and shape.rank == 2
    else:
        axes = {number(value.first, ask), number(value.second, ask)}
        matrix = axes == {-2, -1} or (axes == {0, 1} and shape is not None and shape.rank == 2)
    return replace(fact, region=flipped if matrix else None)


@_ANSWERS.of(Learned)
def _learned(value: Learned, ask: Ask) -> MaskFact | None:
    return ask.mask(value.initial)
