"""Rows of what makes new tensors."""

from __future__ import annotations

from attnlint.graph.ops.table import row
from attnlint.graph.signatures import Builder, spread
from attnlint.graph.values import NONE, Arange, Cast, Constant, FromData, Full, Learned, Random, Unknown, Value


def _full(fill: float) -> Builder:
    return lambda a: Full(spread(a.rest), Constant(fill), _given(a.dtype))


def _full_like(fill: float) -> Builder:
    return lambda a: Full(None, Constant(fill), _given(a.dtype), a.input)


def _new_full(fill: float) -> Builder:
    return lambda a: Full(spread(a.rest), Constant(fill), _given(a.dtype), a.input)


def _given(value: Value) -> Value | None:
    return None if value is NONE else value


for _name, _fill in {"zeros": 0.0, "ones": 1.0}.items():
    row(f"torch.{_name}", "*size dtype", _full(_fill))
    row(f"numpy.{_name}", "*shape dtype", lambda a, f=_fill: Full(spread(a.rest), Constant(f), Unknown()))  # type: ignore[misc]
    row(f"torch.{_name}_like", "input dtype", _full_like(_fill))
    row(f".new_{_name}", "input *size dtype", _new_full(_fill))
row("torch.full", "size fill_value dtype", lambda a: Full(spread((a.size,)), a.fill_value, _given(a.dtype)))
row("torch.full_like", "input fill_value dtype", lambda a: Full(None, a.fill_value, _given(a.dtype), a.input))
row(
    ".new_full",
    "input size fill_value dtype",
    lambda a: Full(spread((a.size,)), a.fill_value, _given(a.dtype), a.input),
)
row(".fill", "input value", lambda a: Full(None, a.value, None, a.input))
row("torch.empty torch.rand torch.randn", "*size dtype", lambda a: Random(spread(a.rest), _given(a.dtype)))
for _name in ("torch.Tensor", "torch.FloatTensor"):
    row(_name, "*data", lambda a: FromData(a.rest[0]) if len(a.rest) == 1 else Random(a.rest))
row("torch.from_numpy", "data", lambda a: Cast(a.data, Unknown((a.data,))))
row("torch.tensor torch.as_tensor", "data dtype", lambda a: FromData(a.data, _given(a.dtype)))
row(
    "torch.arange",
    "start end step",
    lambda a: Arange(a.start if a.end is NONE else a.end if _is_zero(a.start) and a.step is NONE else None),
)


def _is_zero(value: Value) -> bool:
    return isinstance(value, Constant) and value.value == 0


row(
    "torch.nn.Parameter torch.nn.parameter.Parameter",
    "data requires_grad=True",
    lambda a: Learned(a.data, a.requires_grad),
)
