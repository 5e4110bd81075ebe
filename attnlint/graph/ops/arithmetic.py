"""Rows of elementwise arithmetic and reductions."""

from __future__ import annotations

from attnlint.graph.ops.table import row
from attnlint.graph.signatures import Arguments
from attnlint.graph.values import (
    NONE,
    Add,
    Constant,
    Divide,
    Items,
    Multiply,
    Negate,
    Pointwise,
    Power,
    Reduce,
    Softmax,
    Subtract,
    Unknown,
    Unsqueeze,
    Value,
    strip,
)

row("mul multiply", "input other", lambda a: Multiply(a.input, a.other))
row("outer ger", "input vec2", lambda a: Multiply(Unsqueeze(a.input, Constant(-1)), a.vec2))
row("div divide true_divide", "input other rounding_mode", lambda a: Divide(a.input, a.other))
row("floor_divide", "input other", lambda a: Divide(a.input, a.other))
row("add", "input other alpha=1", lambda a: Add(a.input, _scaled(a.other, a.alpha)))
row("sub subtract", "input other alpha=1", lambda a: Subtract(a.input, _scaled(a.other, a.alpha)))
row("neg negative", "input", lambda a: Negate(a.input))
row("pow math.pow numpy.power builtins.pow", "input exponent", lambda a: Power(a.input, a.exponent))
row("sqrt math.sqrt numpy.sqrt cmath.sqrt math.isqrt", "input", lambda a: Power(a.input, Constant(0.5)))
row("rsqrt", "input", lambda a: Power(a.input, Constant(-0.5)))
row("square", "input", lambda a: Power(a.input, Constant(2)))
row("reciprocal", "input", lambda a: Power(a.input, Constant(-1)))


def _scaled(value: Value, factor: Value) -> Value:
    return value if isinstance(factor, Constant) and factor.value == 1 else Multiply(value, factor)


for _name in ("log", "log1p", "abs", "tanh", "sigmoid", "relu", "sin", "cos", "erf", "sign", "floor", "ceil"):
    row(f"{_name} F.{_name} math.{_name} numpy.{_name}", "input", lambda a, n=_name: Pointwise(n, a.input))  # type: ignore[misc]
row("exp math.exp numpy.exp", "input", lambda a: _exponential(a.input))
row("torch.nan_to_num .nan_to_num", "input nan", lambda a: Pointwise("nan_to_num", a.input))
row("clamp clip", "input min max", lambda a: Pointwise("clamp", a.input, (a.min, a.max)))
row("F.gelu F.silu F.elu F.leaky_relu F.softplus F.hardtanh", "input", lambda a: Pointwise("activation", a.input))


def _exponential(x: Value) -> Value:
    """``log_softmax(x).exp()`` is the softmax."""
    inner = strip(x)
    if isinstance(inner, Pointwise) and inner.function == "log_softmax":
        return Softmax(inner.x, inner.others[0], NONE)
    return Pointwise("exp", x)


for _name in ("max", "min"):
    row(_name, "input dim|axis keepdim=False", lambda a, n=_name: _extreme(n, a))  # type: ignore[misc]
for _name in ("sum", "mean", "amax", "amin", "norm", "logsumexp", "std", "var", "argmax", "prod"):
    row(_name, "input dim|axis keepdim=False", lambda a, n=_name: Reduce(a.input, n, a.dim, a.keepdim))  # type: ignore[misc]


def _extreme(name: str, a: Arguments) -> Value:
    """With an axis, a pair of the values and where they are."""
    reduced = Reduce(a.input, name, a.dim, a.keepdim)
    return reduced if a.dim is NONE else Items((reduced, Unknown((a.input,))))
