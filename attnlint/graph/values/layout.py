"""Layout: where the numbers of a tensor stand, which of them, and how tensors are joined."""

from __future__ import annotations

from dataclasses import dataclass

from attnlint.graph.values.base import Value


@dataclass(eq=False, slots=True)
class Transpose(Value):
    """Two axes swapped."""

    x: Value
    first: Value
    second: Value


@dataclass(eq=False, slots=True)
class ReverseDims(Value):
    """``.T``, ``.t()`` and ``.H``: all axes reversed, which is the transpose only for matrices."""

    x: Value
    spelling: str


@dataclass(eq=False, slots=True)
class Reorder(Value):
    """``flip`` and ``roll``: the axes stay, and what stands along some of them is in another order."""

    x: Value


@dataclass(eq=False, slots=True)
class Permute(Value):
    """All axes in another order."""

    x: Value
    order: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class View(Value):
    """``view`` and ``reshape``: the same numbers in another shape."""

    x: Value
    sizes: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Flatten(Value):
    """Axes from ``start`` to ``end`` merged into one."""

    x: Value
    start: Value
    end: Value


@dataclass(eq=False, slots=True)
class Unflatten(Value):
    """One axis split into several."""

    x: Value
    axis: Value
    sizes: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Rearrange(Value):
    """``einops.rearrange``, ``repeat`` and ``reduce``: pattern as written, sizes by letter."""

    x: Value
    pattern: str
    letters: tuple[str, ...] = ()
    sizes: tuple[Value, ...] = ()
    kind: str = "rearrange"


@dataclass(eq=False, slots=True)
class Piece(Value):
    """One of the tensors that chunk or split gives: ``size`` is its extent on ``axis``, None where unknown."""

    x: Value
    axis: Value
    index: int
    size: Value | None = None
    count: Value | None = None


@dataclass(eq=False, slots=True)
class Select(Value):
    """``x.unbind(axis)[index]``, ``x.select(axis, index)``, ``x[index]``: the axis is gone."""

    x: Value
    axis: Value
    index: Value


@dataclass(eq=False, slots=True)
class Pieces(Value):
    """What ``chunk``, ``split`` or ``unbind`` return before they are unpacked."""

    x: Value
    axis: Value
    how: str
    size: Value | None = None


@dataclass(eq=False, slots=True)
class Slicing(Value):
    """A slice, as a subscript."""

    lower: Value
    upper: Value
    step: Value


@dataclass(eq=False, slots=True)
class Index(Value):
    """``x[keys]`` on a tensor, with slices, None and Ellipsis among the keys."""

    x: Value
    keys: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Assigned(Value):
    """``x[keys] = item``: the tensor afterwards."""

    x: Value
    keys: tuple[Value, ...]
    item: Value


@dataclass(eq=False, slots=True)
class Cat(Value):
    """Tensors joined along an axis that they have."""

    items: tuple[Value, ...]
    axis: Value


@dataclass(eq=False, slots=True)
class Stack(Value):
    """Tensors joined along a new axis."""

    items: tuple[Value, ...]
    axis: Value


@dataclass(eq=False, slots=True)
class Unsqueeze(Value):
    """A new axis of extent one."""

    x: Value
    axis: Value


@dataclass(eq=False, slots=True)
class Squeeze(Value):
    """An axis of extent one dropped."""

    x: Value
    axis: Value


@dataclass(eq=False, slots=True)
class Expand(Value):
    """Axes of extent one stretched, without copying."""

    x: Value
    sizes: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Repeat(Value):
    """``x.repeat(*times)``: tiles."""

    x: Value
    times: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class RepeatInterleave(Value):
    """Each slice along an axis repeated in place: ``a a b b``."""

    x: Value
    times: Value
    axis: Value


@dataclass(eq=False, slots=True)
class AsComplex(Value):
    """``view_as_complex``: a last axis of two becomes one complex number."""

    x: Value


@dataclass(eq=False, slots=True)
class AsReal(Value):
    """``view_as_real``: each complex number becomes a last axis of two."""

    x: Value


@dataclass(eq=False, slots=True)
class Extent(Value):
    """``x.shape[axis]``."""

    x: Value
    axis: int

    @property
    def text(self) -> str:
        """The name it was bound to, else ``x.shape[axis]``."""
        return self.name or f"{self.x.text}.shape[{self.axis}]"


@dataclass(eq=False, slots=True)
class Shape(Value):
    """``x.shape`` or ``x.size()`` as a whole."""

    x: Value


@dataclass(eq=False, slots=True)
class Numel(Value):
    """``x.numel()``."""

    x: Value


@dataclass(eq=False, slots=True)
class Rank(Value):
    """``x.dim()`` and ``x.ndim``."""

    x: Value
