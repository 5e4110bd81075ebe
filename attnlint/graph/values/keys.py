"""Structure of values: equal keys mean the same computation on the same inputs."""

from __future__ import annotations

from collections.abc import Hashable

from attnlint.graph.values.arithmetic import (
    Add,
    And,
    Compare,
    Divide,
    FloorDivide,
    IsNone,
    Modulo,
    Multiply,
    Negate,
    Not,
    Or,
    Power,
    Pure,
    Subtract,
)
from attnlint.graph.values.base import (
    Attribute,
    Carried,
    Constant,
    External,
    Parameter,
    Phi,
    Unknown,
    Value,
    value_fields,
)
from attnlint.graph.values.creation import Full, Tri
from attnlint.graph.values.layout import Extent, Index, Rank, Select, Slicing, Unsqueeze, View
from attnlint.graph.values.objects import Class, Function, Instance, Items, Super
from attnlint.graph.values.tensors import Cast

OPAQUE = (Parameter, Unknown, Carried, Instance, Function, Class, Super)
"""Values of which nothing is known but their identity."""

STRUCTURAL = (
    Items, Phi, Add, Subtract, Multiply, Divide, FloorDivide, Modulo, Power, Negate, Not, And, Or, Compare, IsNone,
    Pure, Extent, Rank, Slicing, Index, Select, Unsqueeze, Cast, Tri, Full, View,
)  # fmt: skip
"""Values without side effects or randomness, which are equal when their operands are."""


def key(value: Value) -> Hashable:
    """Structure of a value: equal keys mean the same computation on the same inputs."""
    if value._key is None:
        value._key = _structure(value)
    return value._key


def _structure(value: Value) -> Hashable:
    if isinstance(value, Constant):
        return ("constant", type(value.value).__name__, value.value)
    if isinstance(value, Attribute):
        return key(value.value) if value.value is not None else ("attribute", key(value.base), value.member)
    if isinstance(value, External):
        return ("external", value.path)
    if isinstance(value, OPAQUE) or not isinstance(value, STRUCTURAL):
        return id(value)
    parts: list[Hashable] = [type(value).__name__]
    for name in value_fields(type(value)):
        part = getattr(value, name)
        if isinstance(part, Value):
            parts.append(key(part))
        elif isinstance(part, tuple):
            parts.append(tuple(key(p) if isinstance(p, Value) else p for p in part))
        else:
            parts.append(part)
    return _interned.setdefault(tuple(parts), ("structure", len(_interned)))


_interned: dict[Hashable, Hashable] = {}
"""Structures by number: a nested tuple would be hashed anew at each use."""


def forget_keys() -> None:
    """Start anew for another module; keys of values made before are not comparable with later ones."""
    _interned.clear()
