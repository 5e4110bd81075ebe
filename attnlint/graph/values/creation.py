"""New tensors."""

from __future__ import annotations

from dataclasses import dataclass

from attnlint.graph.values.base import Value


@dataclass(eq=False, slots=True)
class Full(Value):
    """A new tensor of one value: zeros, ones, full and their ``_like`` kin."""

    sizes: tuple[Value, ...] | None
    fill: Value
    dtype: Value | None = None
    like: Value | None = None


@dataclass(eq=False, slots=True)
class FromData(Value):
    """``torch.tensor(data)`` and kin."""

    data: Value
    dtype: Value | None = None


@dataclass(eq=False, slots=True)
class Random(Value):
    """A new tensor of random or uninitialised numbers."""

    sizes: tuple[Value, ...] | None
    dtype: Value | None = None


@dataclass(eq=False, slots=True)
class Arange(Value):
    """``torch.arange``: ``length`` where it starts at zero with step one, else None."""

    length: Value | None


@dataclass(eq=False, slots=True)
class Tri(Value):
    """``triu`` and ``tril``."""

    x: Value
    upper: bool
    diagonal: Value


@dataclass(eq=False, slots=True)
class Learned(Value):
    """An ``nn.Parameter`` with its initial value."""

    initial: Value
    trains: Value
