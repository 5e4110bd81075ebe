"""Operations that compute; arguments that were not given are ``Constant(None)`` unless a class says otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from attnlint.graph.values.base import Value


@dataclass(eq=False, slots=True)
class Product(Value):
    """A contraction of two tensors. Without an equation, the last axis of ``left`` with the one before last of
    ``right`` (matmul, ``@``, bmm). With one, as in ``einsum``: letters of both operands and of the result."""

    left: Value
    right: Value
    equation: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]] | None = None


@dataclass(eq=False, slots=True)
class MaskedFill(Value):
    """``fill`` where ``mask`` is true, ``x`` elsewhere."""

    x: Value
    mask: Value
    fill: Value


@dataclass(eq=False, slots=True)
class Where(Value):
    """``then`` where ``condition`` is true, ``otherwise`` elsewhere."""

    condition: Value
    then: Value
    otherwise: Value


@dataclass(eq=False, slots=True)
class Softmax(Value):
    """``axis`` and ``dtype`` are ``Constant(None)`` where not given; an axis that a module was not given is a read of
    the module."""

    x: Value
    axis: Value
    dtype: Value


@dataclass(eq=False, slots=True)
class Pointwise(Value):
    """An elementwise function that is only named: ``tanh``, ``sigmoid``, ``exp``, ``abs``, ``clamp`` …"""

    function: str
    x: Value
    others: tuple[Value, ...] = ()


@dataclass(eq=False, slots=True)
class Dropout(Value):
    """``training`` is None for a module (gated by ``module.train()``), a value for the functional form."""

    x: Value
    p: Value
    training: Value | None = None


@dataclass(eq=False, slots=True)
class Cast(Value):
    """A change of dtype or device; ``dtype`` is None where it is not known to change. ``detaches``: no gradient goes
    through it."""

    x: Value
    dtype: Value | None
    detaches: bool = False


@dataclass(eq=False, slots=True)
class Linear(Value):
    """A projection: the last axis becomes ``out_features``."""

    x: Value
    in_features: Value
    out_features: Value
    module: Value | None = None


@dataclass(eq=False, slots=True)
class Convolution(Value):
    """A convolution over ``axes`` trailing axes: the axis before them becomes ``out_channels``."""

    x: Value
    in_channels: Value
    out_channels: Value
    axes: int


@dataclass(eq=False, slots=True)
class Embedding(Value):
    """Rows of a table by index: a new last axis of extent ``width``."""

    x: Value
    width: Value


@dataclass(eq=False, slots=True)
class Normalize(Value):
    """A norm over the last axes. ``kind`` is ``rms``, ``layer``, ``l2`` or ``other``; ``width`` is the extent
    normalised over, where the module's constructor says it."""

    x: Value
    kind: str
    axis: Value | None = None
    width: Value | None = None


@dataclass(eq=False, slots=True)
class Reduce(Value):
    """An axis summed, averaged or otherwise reduced away."""

    x: Value
    function: str
    axis: Value
    keepdim: Value
