"""Shapes as data: extents of axes, and broadcasting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from attnlint.graph.scalars import Monomial

ExtentOf: TypeAlias = "Monomial | None"
ONE = Monomial.number(1)


@dataclass(frozen=True)
class TensorShape:
    """Extents of the axes, None where an extent is not known. ``open``: any number of further axes stand in front,
    so that the rank is not known and only axes counted from the end can be named."""

    axes: tuple[ExtentOf, ...]
    open: bool = False

    @property
    def rank(self) -> int | None:
        """Number of axes, None where unknown."""
        return None if self.open else len(self.axes)

    def index(self, axis: int) -> int | None:
        """Position in ``axes`` of an axis counted from either end, None where it has no known place."""
        if axis < 0:
            place = len(self.axes) + axis
            return place if place >= 0 else None
        return None if self.open or axis >= len(self.axes) else axis

    def axis(self, axis: int) -> ExtentOf:
        """Extent of an axis, None where unknown."""
        place = self.index(axis)
        return None if place is None else self.axes[place]

    def total(self) -> ExtentOf:
        """Number of elements."""
        if self.open:
            return None
        product = ONE
        for extent in self.axes:
            if extent is None:
                return None
            product = product * extent
        return product

    def with_axis(self, axis: int, extent: ExtentOf) -> TensorShape:
        """The same with one extent replaced; unchanged where the axis has no known place."""
        place = self.index(axis)
        if place is None:
            return TensorShape((), True) if self.open else self
        return TensorShape((*self.axes[:place], extent, *self.axes[place + 1 :]), self.open)

    def __str__(self) -> str:
        inner = ", ".join("?" if e is None else str(e) for e in self.axes)
        return f"(…, {inner})" if self.open else f"({inner})"


UNKNOWN = TensorShape((), True)


def broadcast(left: TensorShape | None, right: TensorShape | None) -> TensorShape:
    """The shape of an elementwise operation; a side that is None is a scalar or unknown."""
    if left is None or right is None:
        return left or right or UNKNOWN
    count = max(len(left.axes), len(right.axes))
    if (left.open and len(left.axes) < count) or (right.open and len(right.axes) < count):
        count = min(len(s.axes) for s in (left, right) if s.open)
    axes: list[ExtentOf] = []
    for offset in range(-count, 0):
        one = left.axis(offset) if left.index(offset) is not None else ONE
        two = right.axis(offset) if right.index(offset) is not None else ONE
        axes.append(two if one is not None and one.is_one else one)
    return TensorShape(tuple(axes), left.open or right.open)
