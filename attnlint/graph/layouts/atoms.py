"""Layouts as data: every axis is a product of atoms, outermost first, and an atom knows what it is a piece of.

A projection's output (B, T, H·D) has the axes ``[B] [T] [features]``. ``view(B, T, H, D)`` splits the features into two
atoms of one root; ``transpose`` and ``permute`` carry atoms along. So an axis can be told by where it came from, when
its extent alone says nothing.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from attnlint.graph.scalars import Monomial, Symbol
from attnlint.graph.shapes import ONE, ExtentOf
from attnlint.graph.values import Value

Kind: TypeAlias = Literal["axis", "features", "other", "rest"]


@dataclass(frozen=True)
class Atom:
    """A piece of an axis of some tensor, the root.

    ``kind``: ``features`` are what a projection made, an ``axis`` is one that a projection keeps (samples, tokens,
    pixels), of an ``other`` one nothing is known, and ``rest`` stands for a number of leading axes of a tensor whose
    rank is not known, of which the first ``taken`` have been told apart.
    """

    root: Hashable
    kind: Kind
    extent: ExtentOf
    of: Value = field(compare=False, repr=False)
    stride: Monomial = ONE
    """How many elements of the root's axis one step on this piece is."""
    taken: int = 0

    def split(self, extent: Monomial, inner: bool) -> tuple[Atom, Atom]:
        """The outer and the inner part; ``extent`` is that of the inner or of the outer one."""
        other = self.extent / extent if self.extent is not None else None
        outer, inside = (other, extent) if inner else (extent, other)
        stride = self.stride * inside if inside is not None else self.stride
        return replace(self, extent=outer, stride=stride), replace(self, extent=inside)

    @property
    def is_outer(self) -> bool:
        """Whether it counts blocks of its root's axis: the heads of a projection's features."""
        return not self.stride.is_one


Axis: TypeAlias = tuple[Atom, ...]
"""Atoms, outermost first; none for an axis of extent one."""


@dataclass(frozen=True)
class Layout:
    """The axes of a tensor. ``open``: the first entry stands for an unknown number of axes."""

    axes: tuple[Axis, ...]
    open: bool = False

    @property
    def rank(self) -> int | None:
        """Number of axes, None where unknown."""
        return None if self.open else len(self.axes)

    def index(self, axis: int) -> int | None:
        """Position of an axis counted from either end, None where it has no known place."""
        if axis < 0:
            place = len(self.axes) + axis
            return place if place >= int(self.open) else None
        return None if self.open or axis >= len(self.axes) else axis

    def axis(self, axis: int) -> Axis | None:
        """The atoms of an axis, None where unknown."""
        place = self.index(axis)
        return None if place is None else self.axes[place]

    @property
    def atoms(self) -> list[Atom]:
        """All atoms in the order of memory of a contiguous tensor."""
        return [atom for axis in self.axes for atom in axis]


def is_features(axis: Axis | None) -> bool:
    """Whether an axis is made of a projection's output alone."""
    return bool(axis) and all(atom.kind == "features" for atom in axis or ())


def is_position(axis: Axis | None) -> bool:
    """Whether an axis is one that projections keep: samples, tokens, pixels."""
    return bool(axis) and all(atom.kind == "axis" for atom in axis or ())


def extent(axis: Axis) -> ExtentOf:
    """The product of an axis' atoms."""
    total: ExtentOf = ONE
    for atom in axis:
        total = None if total is None or atom.extent is None else total * atom.extent
    return total


def leading_symbol(atom: Atom, wanted: Monomial) -> Symbol | None:
    """The symbol in ``wanted`` that is the extent of the next axis that a ``rest`` stands for.

    The first axis of any tensor serves as the first one here: query and key have the same samples.
    """
    for symbol, exponent in wanted.powers:
        is_next = symbol.is_extent and exponent == 1 and symbol.axis == atom.taken
        if is_next and (atom.taken == 0 or _is_of(symbol, atom)):
            return symbol
    return None


def _is_of(symbol: Symbol, atom: Atom) -> bool:
    identity = symbol.identity
    return isinstance(identity, tuple) and ("rest", identity[1]) == atom.root
