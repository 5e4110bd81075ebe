"""Arithmetic and conditions, on numbers and on tensors alike."""

from __future__ import annotations

from dataclasses import dataclass

from attnlint.graph.values.base import Value


@dataclass(eq=False, slots=True)
class Add(Value):
    """``left + right``."""

    left: Value
    right: Value


@dataclass(eq=False, slots=True)
class Subtract(Value):
    """``left - right``."""

    left: Value
    right: Value


@dataclass(eq=False, slots=True)
class Multiply(Value):
    """``left * right``, elementwise."""

    left: Value
    right: Value


@dataclass(eq=False, slots=True)
class Divide(Value):
    """``left / right``, elementwise."""

    left: Value
    right: Value


@dataclass(eq=False, slots=True)
class FloorDivide(Value):
    """``left // right``."""

    left: Value
    right: Value


@dataclass(eq=False, slots=True)
class Modulo(Value):
    """``left % right``."""

    left: Value
    right: Value


@dataclass(eq=False, slots=True)
class Power(Value):
    """``base ** exponent``, roots included."""

    base: Value
    exponent: Value


@dataclass(eq=False, slots=True)
class Negate(Value):
    """``-x``."""

    x: Value


@dataclass(eq=False, slots=True)
class Not(Value):
    """Logical ``not`` and the bitwise ``~`` of a mask."""

    x: Value


@dataclass(eq=False, slots=True)
class And(Value):
    """All of the items are true."""

    items: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Or(Value):
    """Any of the items is true."""

    items: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Compare(Value):
    """``operator`` is one of ``== < <= > >= in is``; the negated ones are ``Not(Compare(…))``."""

    operator: str
    left: Value
    right: Value


@dataclass(eq=False, slots=True)
class IsNone(Value):
    """``x is None``."""

    x: Value


@dataclass(eq=False, slots=True)
class Pure(Value):
    """A call without side effects that is only compared with itself: ``isinstance``, ``hasattr``, ``len``."""

    function: str
    inputs: tuple[Value, ...]
