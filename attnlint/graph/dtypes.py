"""Element types, where the code says them: casts, ``dtype=``, comparisons, torch's defaults for new tensors."""

from __future__ import annotations

from typing import Any

from attnlint.graph.domains import Ask, Handlers
from attnlint.graph.values import (
    Add,
    Arange,
    Assigned,
    Attribute,
    Cast,
    Cat,
    Compare,
    Constant,
    Divide,
    Dropout,
    Expand,
    External,
    Flatten,
    FromData,
    Full,
    Index,
    MaskedFill,
    Multiply,
    Negate,
    Not,
    Permute,
    Piece,
    Product,
    Random,
    Rearrange,
    Repeat,
    RepeatInterleave,
    Select,
    Softmax,
    Squeeze,
    Stack,
    Subtract,
    Transpose,
    Tri,
    Unflatten,
    Unsqueeze,
    Value,
    View,
    Where,
)

_NAMES = {"half": "float16", "float": "float32", "double": "float64", "int": "int32", "long": "int64"}
_KNOWN = frozenset({"float16", "bfloat16", "float32", "float64", "bool", "int8", "uint8", "int16", "int32", "int64"})
HALVES = ("float16", "bfloat16")
FLOATS = frozenset({*HALVES, "float32", "float64"})


_ANSWERS: Handlers[str] = Handlers()


def dtype(value: Value, ask: Ask) -> str | None:
    """The element type of a tensor, None where the code does not say."""
    return _ANSWERS(value, ask)


def named(value: Value | None, ask: Ask) -> str | None:
    """The element type that an argument names: ``torch.float16``, ``x.dtype``, ``bool``."""
    if value is None:
        return None
    match ask.resolve(value):
        case External(path=path):
            name = path.rpartition(".")[2]
            name = _NAMES.get(name, name) if path.startswith("torch.") else {"float": "float32"}.get(name, name)
            return name if name in _KNOWN else None
        case Attribute(base=base, member="dtype"):
            return ask.dtype(base)
    return None


@_ANSWERS.of(Cast)
def _cast(value: Cast, ask: Ask) -> str | None:
    return named(value.dtype, ask) if value.dtype is not None else ask.dtype(value.x)


@_ANSWERS.of(
    Transpose, Permute, View, Flatten, Unflatten, Rearrange, Piece, Select, Index, Assigned, Unsqueeze, Squeeze, Expand,
    Repeat, RepeatInterleave, MaskedFill, Dropout, Tri, Negate, Not,
)  # fmt: skip
def _same(value: Any, ask: Ask) -> str | None:
    return ask.dtype(value.x)


@_ANSWERS.of(Softmax)
def _softmax(value: Softmax, ask: Ask) -> str | None:
    return named(value.dtype, ask) or (ask.dtype(value.x) if isinstance(value.dtype, Constant) else None)


@_ANSWERS.of(Product)
def _product(value: Product, ask: Ask) -> str | None:
    left, right = ask.dtype(value.left), ask.dtype(value.right)
    return left if left == right else None


@_ANSWERS.of(Add, Subtract, Multiply, Divide)
def _elementwise(value: Any, ask: Ask) -> str | None:
    left, right = ask.dtype(value.left), ask.dtype(value.right)
    if left == right:
        return left
    for known, other in ((left, value.right), (right, value.left)):
        if known in FLOATS and ask.scalar(other) is not None and ask.shape(other) is None:
            return known
    if left in FLOATS and right in FLOATS and _has_axes(value.left, ask) and _has_axes(value.right, ask):
        return "float64" if "float64" in (left, right) else "float32"
    return None


def _has_axes(value: Value, ask: Ask) -> bool:
    """Whether a tensor takes part in promotion: a tensor without axes does not widen one that has some."""
    shape = ask.shape(value)
    return shape is not None and bool(shape.axes)


@_ANSWERS.of(Compare)
def _compare(value: Compare, ask: Ask) -> str | None:
    return "bool"


@_ANSWERS.of(Full)
def _full(value: Full, ask: Ask) -> str | None:
    if value.dtype is not None:
        return named(value.dtype, ask)
    if value.like is not None:
        return ask.dtype(value.like)
    fill = ask.resolve(value.fill)
    if isinstance(fill, Constant) and isinstance(fill.value, bool):
        return "bool"
    return "float32" if isinstance(fill, Constant) and isinstance(fill.value, float) else None


@_ANSWERS.of(Random)
def _random(value: Random, ask: Ask) -> str | None:
    return named(value.dtype, ask) if value.dtype is not None else "float32"


@_ANSWERS.of(Arange)
def _arange(value: Arange, ask: Ask) -> str | None:
    return None


@_ANSWERS.of(FromData)
def _data(value: FromData, ask: Ask) -> str | None:
    return named(value.dtype, ask)


@_ANSWERS.of(Cat, Stack)
def _joined(value: Cat | Stack, ask: Ask) -> str | None:
    found = {ask.dtype(item) for item in value.items}
    return found.pop() if len(found) == 1 else None


@_ANSWERS.of(Where)
def _where(value: Where, ask: Ask) -> str | None:
    then, otherwise = ask.dtype(value.then), ask.dtype(value.otherwise)
    return then if then == otherwise else None
