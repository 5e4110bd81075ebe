"""Scalars as monomials: a coefficient times symbols with rational exponents.

``head_dim ** -0.5``, ``1 / math.sqrt(head_dim)`` and ``(1.0 / d) ** 0.5`` with ``d = head_dim`` are all
``head_dim^-1/2``, so scales are compared as values. ``dim // heads`` counts as ``dim · heads^-1``: code that
splits heads checks or assumes that it divides.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from attnlint.graph.domains import Ask
from attnlint.graph.values import (
    Add,
    Attribute,
    Cast,
    Constant,
    Divide,
    Dropout,
    Extent,
    External,
    FloorDivide,
    FromData,
    Full,
    Instance,
    Items,
    Linear,
    MaskedFill,
    Multiply,
    Negate,
    Normalize,
    Numel,
    Parameter,
    Pointwise,
    Power,
    Softmax,
    Subtract,
    Value,
    key,
    strip,
)

Exponent: TypeAlias = "int | Fraction"
"""A rational number. Most are whole, and those are counted with many times faster as what they are."""


def _simple(exponent: Exponent) -> Exponent:
    return exponent.numerator if exponent.denominator == 1 else exponent


@dataclass(frozen=True)
class Symbol:
    """A quantity that the code names but that has no known value; ``axis`` where it is an extent of ``value``."""

    identity: Hashable
    value: Value = field(compare=False, repr=False)
    axis: int | None = field(default=None, compare=False)

    @property
    def is_extent(self) -> bool:
        """Whether it stands for the extent of a tensor's axis of which nothing else is known."""
        return isinstance(self.identity, tuple) and bool(self.identity) and self.identity[0] == "extent"

    @property
    def is_number(self) -> bool:
        """Whether it certainly stands for a Python number: an extent, or a setting of the constructor."""
        if self.is_extent or isinstance(self.value, Extent):
            return True
        value = self.value
        while isinstance(value, Attribute):
            value = strip(value.base) if value.value is None else value.value
        if isinstance(value, Parameter):
            return value.of_constructor or value.annotation in ("int", "float")
        return isinstance(value, (Instance, Add, Subtract, External))

    @property
    def text(self) -> str:
        """How the code calls it."""
        return self.value.text if self.axis is None else f"{self.value.text}.shape[{self.axis}]"


_HIGHEST = 64
"""The highest power of a symbol that is counted with: further ones are numbers of thousands of digits."""


@dataclass(frozen=True)
class Monomial:
    """``coefficient`` · Π symbol^exponent. Equality allows for rounding of the coefficient."""

    coefficient: float
    powers: frozenset[tuple[Symbol, Exponent]] = frozenset()

    @classmethod
    def number(cls, value: float) -> Monomial:
        """A constant."""
        return cls(float(value))

    @classmethod
    def of(cls, symbol: Symbol) -> Monomial:
        """A symbol as it is."""
        return cls(1.0, frozenset({(symbol, 1)}))

    def __mul__(self, other: Monomial) -> Monomial:
        coefficient = self.coefficient * other.coefficient
        if not self.powers or not other.powers:
            return Monomial(coefficient, self.powers or other.powers)
        powers = dict(self.powers)
        for symbol, exponent in other.powers:
            powers[symbol] = _simple(powers[symbol] + exponent) if symbol in powers else exponent
        return Monomial(coefficient, frozenset((s, e) for s, e in powers.items() if e))

    def __truediv__(self, other: Monomial) -> Monomial | None:
        inverse = other.to(-1)
        return None if inverse is None else self * inverse

    def to(self, exponent: Exponent) -> Monomial | None:
        """This to a rational power; None where that is not a real number."""
        if (self.coefficient < 0 and exponent.denominator % 2 == 0) or (self.coefficient == 0 and exponent < 0):
            return None
        try:
            coefficient = math.copysign(abs(self.coefficient) ** float(exponent), self.coefficient)
        except OverflowError:
            return None
        if exponent.numerator % 2 == 0:
            coefficient = abs(coefficient)
        return Monomial(coefficient, frozenset((s, _simple(e * exponent)) for s, e in self.powers if exponent))

    @property
    def is_number(self) -> bool:
        """Whether no symbol is left."""
        return not self.powers

    @property
    def is_low(self) -> bool:
        """Whether no symbol is to a power that no code by hand has."""
        return all(-_HIGHEST <= exponent <= _HIGHEST for _, exponent in self.powers)

    @property
    def is_one(self) -> bool:
        """Whether this is exactly the number one."""
        return self.is_number and math.isclose(self.coefficient, 1.0, rel_tol=1e-6)

    @property
    def symbols(self) -> frozenset[Symbol]:
        """The symbols it is made of."""
        return frozenset(symbol for symbol, _ in self.powers)

    def equals(self, other: Monomial) -> bool:
        """Same symbols with same exponents, and the same coefficient up to rounding."""
        return self.powers == other.powers and math.isclose(self.coefficient, other.coefficient, rel_tol=1e-6)

    def __str__(self) -> str:
        powers = sorted(self.powers, key=_order)
        above = [_power(s.text, e) for s, e in powers if e > 0 or e.denominator != 1]
        below = [_power(s.text, -e) for s, e in powers if e < 0 and e.denominator == 1]
        if not above or not math.isclose(self.coefficient, 1.0, rel_tol=1e-6):
            above.insert(0, f"{self.coefficient:g}")
        if not below:
            return "·".join(above)
        return f"{'·'.join(above)}/{below[0] if len(below) == 1 else '(' + '·'.join(below) + ')'}"


def _order(power: tuple[Symbol, Exponent]) -> tuple[bool, str]:
    return power[1] < 0, power[0].text


def _power(text: str, exponent: Exponent) -> str:
    return text if exponent == 1 else f"{text}^{exponent}" if exponent.denominator == 1 else f"{text}^({exponent})"


def scalar(value: Value, ask: Ask) -> Monomial | None:
    """A value as a monomial; None where it is not a scalar or not understood."""
    match value:
        case Constant(value=bool()):
            return None
        case Constant(value=int() | float() as number):
            return Monomial.number(number) if abs(number) < _TOO_MUCH else None
        case Multiply(left=left, right=right):
            return _times(ask.scalar(left), ask.scalar(right))
        case Divide(left=left, right=right) | FloorDivide(left=left, right=right):
            return _over(ask.scalar(left), ask.scalar(right), isinstance(value, FloorDivide))
        case Power(base=base, exponent=exponent):
            return _to(ask.scalar(base), ask.scalar(exponent))
        case Negate(x=x):
            return _times(Monomial.number(-1), ask.scalar(x))
        case Add(left=left, right=right) | Subtract(left=left, right=right):
            return _sum(value, ask.scalar(left), ask.scalar(right), -1 if isinstance(value, Subtract) else 1)
        case Pointwise(function=function, x=x):
            return _function(function, ask.scalar(x))
        case FromData(data=Items(items=(item,))):
            return ask.scalar(item)
        case Cast(x=x) | FromData(data=x):
            return ask.scalar(x)
        case Full(sizes=sizes, fill=fill) if not sizes and value.like is None:
            return ask.scalar(fill)
        case Extent(x=x, axis=axis):
            return extent_of(x, axis, ask)
        case Numel(x=x):
            shape = ask.shape(x)
            return shape.total() if shape is not None else None
        case Parameter() | Attribute():
            return Monomial.of(Symbol(key(value), value))
    return None


_TOO_MUCH = 1e300
"""Numbers with which one cannot count on."""
_KEEPING = (Dropout, Normalize, Softmax, MaskedFill, Pointwise)
"""Operations whose result has the axes of what they are done to."""


def _times(left: Monomial | None, right: Monomial | None) -> Monomial | None:
    return None if left is None or right is None else _bounded(left * right)


def _over(left: Monomial | None, right: Monomial | None, floor: bool) -> Monomial | None:
    if left is None or right is None:
        return None
    if floor and left.is_number and right.is_number and right.coefficient:
        return Monomial.number(left.coefficient // right.coefficient)
    return _bounded(left / right)


def _to(base: Monomial | None, exponent: Monomial | None) -> Monomial | None:
    if base is None or exponent is None or not exponent.is_number:
        return None
    power = Fraction(exponent.coefficient).limit_denominator(64)
    return _bounded(base.to(power)) if abs(float(power) - exponent.coefficient) < 1e-9 else None


def _bounded(product: Monomial | None) -> Monomial | None:
    """A product; None for one that no code by hand makes, as squares of squares are."""
    if product is None or not math.isfinite(product.coefficient):
        return None
    return product if product.is_low else None


def _sum(value: Value, left: Monomial | None, right: Monomial | None, sign: int) -> Monomial | None:
    if left is None or right is None:
        return None
    if right.is_number and right.coefficient == 0:
        return left
    if left.powers == right.powers:
        total = left.coefficient + sign * right.coefficient
        return Monomial(total, left.powers) if total else Monomial.number(0)
    return Monomial.of(Symbol(key(value), value))


def _function(function: str, x: Monomial | None) -> Monomial | None:
    if x is None or not x.is_number:
        return None
    try:
        match function:
            case "exp":
                return Monomial.number(math.exp(x.coefficient))
            case "log":
                return Monomial.number(math.log(x.coefficient))
            case "abs":
                return Monomial.number(abs(x.coefficient))
    except (ValueError, OverflowError):
        pass
    return None


def extent_of(x: Value, axis: int, ask: Ask) -> Monomial:
    """The extent of an axis; a symbol of its own where nothing is known about it."""
    shape = ask.shape(x)
    known = shape.axis(axis) if shape is not None else None
    if known is not None:
        return known
    source = _with_axis(x, axis, ask)
    return Monomial.of(Symbol(("extent", key(source), axis), x, axis))


def _with_axis(x: Value, axis: int, ask: Ask) -> Value:
    """The tensor that an axis comes from, through what keeps it: ``proj(x).size(0)`` is ``x.size(0)``."""
    value = ask.resolve(x)
    while isinstance(value, _KEEPING) or (isinstance(value, Linear) and axis != -1):
        value = ask.resolve(value.x)
    return value
