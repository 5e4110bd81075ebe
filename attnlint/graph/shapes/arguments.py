"""Arguments of layout operations: axes, sizes, parts of other shapes."""

from __future__ import annotations

from collections.abc import Sequence

from attnlint.graph.domains import Ask
from attnlint.graph.shapes.tensor_shape import ExtentOf
from attnlint.graph.values import (
    Add,
    Constant,
    Divide,
    Index,
    Items,
    Multiply,
    Shape,
    Slicing,
    Spread,
    Subtract,
    Value,
    literal,
)

_MOST = 64
"""Axes that a tensor has at most."""
_ARITHMETIC = (Add, Subtract, Multiply, Divide)


def integer(value: Value, ask: Ask) -> int | None:
    """A literal integer, through attributes and branches."""
    resolved = ask.resolve(value)
    number = ask.scalar(resolved)
    if number is None or not number.is_number or number.coefficient != int(number.coefficient):
        return None
    return int(number.coefficient)


def is_number(value: Value, ask: Ask) -> bool:
    """Whether a value is certainly a Python number: a literal, an extent, a setting of the constructor, and arithmetic
    on such. A bare parameter of a function may be a tensor."""
    return bool(ask.once("is number", value, _is_number))


def _is_number(resolved: Value, ask: Ask) -> bool:
    if isinstance(resolved, _ARITHMETIC) and not all(is_number(x, ask) for x in resolved.operands()):
        return False  # what cancels out may be a tensor all the same
    known = ask.scalar(resolved)
    return known is not None and ask.shape(resolved) is None and all(s.is_number for s in known.symbols)


def sizes(values: Sequence[Value], ask: Ask) -> list[ExtentOf | int] | None:
    """The arguments of ``view`` and kin: monomials, None where unknown, -1 for what is inferred.

    None where not even their number is known, or there are more than any tensor has axes.
    """
    out: list[ExtentOf | int] = []
    for value in values:
        resolved = ask.resolve(value)
        if isinstance(resolved, Items):
            inner = sizes(resolved.items, ask)
            if inner is None:
                return None
            out.extend(inner)
            if len(out) > _MOST:
                return None
        elif isinstance(resolved, (Spread, Shape, Index)):
            part = leading(resolved, ask)
            if part is None:
                return None
            out.extend(part)
        else:
            extent = ask.scalar(resolved)
            out.append(-1 if extent is not None and extent.is_number and extent.coefficient == -1 else extent)
    return out


def leading(value: Value, ask: Ask) -> tuple[ExtentOf, ...] | None:
    """``x.shape``, ``x.shape[:-1]`` and kin as extents, None where the rank is not known."""
    match ask.resolve(value):
        case Spread(x=x):
            return leading(x, ask)
        case Shape(x=x):
            whole = ask.shape(x)
            return None if whole is None or whole.open else whole.axes
        case Index(x=x, keys=(Slicing(lower=low, upper=high, step=step),)):
            part = leading(x, ask)
            if part is None or literal(step) is not None:
                return None
            start, stop = ask.resolve(low), ask.resolve(high)
            if isinstance(start, Constant) and isinstance(stop, Constant):
                return part[start.value : stop.value]
    return None
