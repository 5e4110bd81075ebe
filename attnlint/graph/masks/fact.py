"""What can be said of a mask: how it speaks (bool, 0/1, additive), and which positions it names.

The region of a mask is where it is True, 1 or −inf. Where the region itself is not known, regions that it lies within
and regions that it covers may be: ``padding & causal`` lies within both, ``padding | future`` covers both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

Representation: TypeAlias = Literal["bool", "binary", "additive"]

VERY_NEGATIVE = -1e3
"""A fill at or below this is meant as −inf: softmax gives such a score no weight."""


@dataclass(frozen=True)
class Triangle:
    """A triangular region: the cells on and above (``upper``) or on and below a diagonal, counted as in triu.
    ``diagonal`` is None where it is not a literal."""

    upper: bool
    diagonal: int | None

    def complement(self) -> Triangle:
        """All other cells: ``triu(1)`` and ``tril(0)`` complete each other."""
        step = -1 if self.upper else 1
        return Triangle(not self.upper, None if self.diagonal is None else self.diagonal + step)

    def transposed(self) -> Triangle:
        """The same with rows for columns."""
        return Triangle(not self.upper, None if self.diagonal is None else -self.diagonal)


@dataclass(frozen=True)
class Tokens:
    """The positions of all real tokens of a batch, or of all its padding."""

    real: bool

    def complement(self) -> Tokens:
        """The others."""
        return Tokens(not self.real)


Region: TypeAlias = "Triangle | Tokens"


@dataclass(frozen=True)
class MaskFact:
    """Representation of a mask and the region where it is True, 1 or −inf."""

    representation: Representation
    region: Triangle | None = None
    everywhere: bool = False
    """Whether the region is all cells."""
    within: tuple[Region, ...] = ()
    """Regions that this one lies within, besides ``region``."""
    covers: tuple[Region, ...] = ()
    """Regions that lie within this one, besides ``region``."""

    @property
    def is_causal(self) -> bool | None:
        """Whether it is the plain causal mask in its sink's usual convention: bool and 0/1 masks keep the lower
        triangle, additive ones drop the upper. None where the region is not triangular."""
        if self.region is None:
            return None
        kept = self.region.complement() if self.representation == "additive" else self.region
        return kept == Triangle(upper=False, diagonal=0)

    @property
    def outer(self) -> tuple[Region, ...]:
        """Every region that this one is known to lie within."""
        return self.within if self.region is None else (self.region, *self.within)

    @property
    def inner(self) -> tuple[Region, ...]:
        """Every region that is known to lie within this one."""
        return self.covers if self.region is None else (self.region, *self.covers)

    @property
    def has_region(self) -> bool:
        """Whether anything is known about the region, other than that it is all cells."""
        return bool(self.outer or self.inner)

    def complement(self) -> MaskFact:
        """The mask that names all other positions."""
        region = self.region.complement() if self.region is not None else None
        within = tuple(part.complement() for part in self.covers)
        covers = tuple(part.complement() for part in self.within)
        return replace(self, region=region, everywhere=False, within=within, covers=covers)

    def transposed(self) -> MaskFact:
        """The same with rows for columns."""
        region = self.region.transposed() if self.region is not None else None
        return replace(self, region=region, within=_transposed(self.within), covers=_transposed(self.covers))

    def unplaced(self) -> MaskFact:
        """What stays true where rows and columns are no longer what they were."""
        return replace(self, region=None, within=_tokens(self.within), covers=_tokens(self.covers))

    def both(self, other: MaskFact) -> MaskFact:
        """The positions that both name, in this representation."""
        if self.everywhere or other.everywhere:
            return replace(self if other.everywhere else other, representation=self.representation)
        return MaskFact(self.representation, self._shared(other), within=_united(self.outer, other.outer))

    def either(self, other: MaskFact) -> MaskFact:
        """The positions that one of them names, in this representation."""
        if self.everywhere or other.everywhere:
            return MaskFact(self.representation, everywhere=True)
        return MaskFact(self.representation, self._shared(other), covers=_united(self.inner, other.inner))

    def _shared(self, other: MaskFact) -> Triangle | None:
        return self.region if self.region == other.region else None


def _transposed(regions: tuple[Region, ...]) -> tuple[Region, ...]:
    return tuple(part.transposed() if isinstance(part, Triangle) else part for part in regions)


def _tokens(regions: tuple[Region, ...]) -> tuple[Region, ...]:
    return tuple(part for part in regions if isinstance(part, Tokens))


def _united(one: tuple[Region, ...], two: tuple[Region, ...]) -> tuple[Region, ...]:
    return tuple(dict.fromkeys((*one, *two)))
