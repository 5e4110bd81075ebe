"""ATN105 half-power-precedence."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from attnlint.attention import AttentionPath, Factor
from attnlint.attention.spelling import is_bracketed, rewritten
from attnlint.diagnostics import Tier
from attnlint.graph.facts import Facts
from attnlint.graph.masks import number
from attnlint.graph.values import Divide, FromData, Multiply, Origin, Power, Value
from attnlint.rule import Finding, Mend, Rule
from attnlint.triggers import SITE


class HalfPowerPrecedence(Rule):
    """``x ** 1 / 2`` is (x ** 1) / 2, not the square root of x.

    **What it finds.** A scale written as ``d ** 1 / 2`` or ``d ** -1 / 2``: the power binds before the division.

    **Why it hurts.** Bracketed, the scores are divided by d/2 instead of √d (32 instead of 8 at head_dim 64); without
    brackets, ``scores / d ** 1 / 2`` divides by 2·d. Either way the weights are nearly uniform.

    **Silent when** the value is not used as a scale of attention scores, or brackets say that it is meant.

    **Mend.** ``d ** 0.5``.
    """

    code = "ATN105"
    name = "half-power-precedence"
    tiers = frozenset({Tier.UNSAFE})
    triggers = SITE

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report the power that was meant to be a root."""
        for factor in path.all_factors:
            found = _in_operand(factor, path.facts) or _around(factor, path.facts)
            if found is None:
                continue
            power, half = found
            if power.origin is None or half.origin is None:
                continue
            exponent = number(power.exponent, path.facts)
            base = power.base.text
            yield Finding(
                half.origin,
                f"`{base} ** {exponent:g} / 2` is ({base} ** {exponent:g}) / 2, not {base} ** {(exponent or 1) / 2:g}: "
                f"the scores are not divided by √{base}, and the weights come out nearly uniform",
                related=((factor.at.origin, "the scores are scaled here"),) if factor.at.origin is not None else (),
                mend=_mend(power, half, (exponent or 1) / 2),
            )


def _in_operand(factor: Factor, facts: Facts) -> tuple[Power, Value] | None:
    """The scalar itself is such an expression, or holds one: ``1 / (d ** 1 / 2)``."""
    waiting: list[Value] = [factor.operand] if factor.operand is not None else []
    for _ in range(32):
        if not waiting:
            return None
        value = facts.resolve(waiting.pop())
        match value:
            case Divide(left=left, right=right):
                power = facts.resolve(left)
                if isinstance(power, Power) and _is_unit(power, facts) and _halves(value, power, facts):
                    return power, value
                waiting.extend((left, right))
            case Multiply(left=left, right=right):
                waiting.extend((left, right))
            case Power(base=base):
                waiting.append(base)
            case FromData():
                waiting.extend(value.operands())
    return None


def _halves(value: Divide, power: Power, facts: Facts) -> bool:
    """Whether a power is halved in the expression that it is written in."""
    return number(value.right, facts) == 2 and _is_written_as_one(value, power)


def _around(factor: Factor, facts: Facts) -> tuple[Power, Value] | None:
    """``scores / d ** 1 / 2``: the division by 2 is a factor of its own."""
    at = factor.at
    if not isinstance(at, Divide) or number(at.right, facts) != 2:
        return None
    inner = facts.resolve(at.left)
    if isinstance(inner, (Divide, Multiply)) and inner.origin is not None and not is_bracketed(inner.origin):
        power = facts.resolve(inner.right)
        if isinstance(power, Power) and _is_unit(power, facts) and _is_written_as_one(at, inner):
            return power, at
    return None


def _is_written_as_one(outer: Value, inner: Value) -> bool:
    node = outer.origin.node if outer.origin is not None else None
    return isinstance(node, cst.BinaryOperation) and inner.origin is not None and node.left is inner.origin.node


def _is_unit(power: Power, facts: Facts) -> bool:
    return (
        power.origin is not None
        and not is_bracketed(power.origin)
        and number(power.exponent, facts) in (1, -1)
        and isinstance(power.origin.node, cst.BinaryOperation)
    )


def _mend(power: Power, half: Value, exponent: float) -> Mend | None:
    power_node = power.origin.node if power.origin is not None else None
    half_node = half.origin.node if half.origin is not None else None
    if not isinstance(power_node, cst.BinaryOperation) or not isinstance(half_node, cst.BinaryOperation):
        return None
    assert power.origin is not None
    assert half.origin is not None
    base = Origin(power.origin.slice, power_node.left)
    fixed = f"{{0}} ** {exponent:g}"
    if half_node.left is power_node:
        return Mend(f"Write ** {exponent:g}", Tier.UNSAFE, (rewritten(half.origin, fixed, base),))
    inner = half_node.left
    if isinstance(inner, cst.BinaryOperation) and inner.right is power_node:
        left = Origin(half.origin.slice, inner.left)
        operator = "/" if isinstance(inner.operator, cst.Divide) else "*"
        text = f"{{0}} {operator} {{1}} ** {exponent:g}"
        return Mend(f"Write ** {exponent:g}", Tier.UNSAFE, (rewritten(half.origin, text, left, base),))
    return None
