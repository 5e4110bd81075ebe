"""Numbers that masks are filled and compared with."""

from __future__ import annotations

import math
import sys

from attnlint.graph.domains import Ask
from attnlint.graph.values import (
    Attribute,
    Cast,
    Constant,
    Divide,
    External,
    FromData,
    Multiply,
    Negate,
    Pure,
    Value,
)


def number(value: Value, ask: Ask) -> float | None:
    """A literal number; infinities and ``finfo(…).min`` and ``.max`` count as ∓∞."""
    return ask.once("number", value, _number)


def _number(value: Value, ask: Ask) -> float | None:
    match value:
        case Constant(value=bool() | int() | float() as constant):
            return float(constant) if abs(constant) <= sys.float_info.max else math.copysign(math.inf, constant)
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


def is_infinite(value: Value, ask: Ask) -> bool:
    """Whether a factor is ±inf itself, with which 0 makes NaN. ``finfo(…).min`` is finite."""
    match ask.resolve(value):
        case Constant(value=int() | float() as constant):
            return math.isinf(constant)
        case External(path=path):
            return path.rpartition(".")[2].lower() == "inf"
        case Negate(x=x) | FromData(data=x) | Cast(x=x):
            return is_infinite(x, ask)
    return False
