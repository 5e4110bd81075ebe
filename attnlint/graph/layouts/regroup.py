"""``view``: which atoms come to stand on which axis, and whether the view tears them apart.

Extents are symbols, so divisibility is decided on a generic instance: every symbol gets a prime of its own, times what
the code divides it by. What divides there divides whenever the code runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

from attnlint.graph.layouts.atoms import Atom, Axis, leading_symbol
from attnlint.graph.layouts.atoms import extent as extent_of_axis
from attnlint.graph.scalars import Monomial, Symbol
from attnlint.graph.values import Value

Target: TypeAlias = "Monomial | None"
"""A wanted extent; None for ``-1``."""
_BITS = 256
"""The greatest number with which an instance is made."""
_PRIMES = (
    1009, 1013, 1019, 1021, 1031, 1033, 1039, 1049, 1051, 1061, 1063, 1069, 1087, 1091, 1093, 1097, 1103, 1109, 1117,
    1123, 1129, 1151, 1153, 1163, 1171, 1181, 1187, 1193, 1201, 1213,
)  # fmt: skip


@dataclass(frozen=True)
class Crossing:
    """A view tears an axis apart: ``wanted`` was to come before ``atom`` but stands after it in memory."""

    atom: Atom
    wanted: Monomial | None
    """The extent of what was to come first, None where it has no name."""
    target: int
    """The axis of the view on which that shows."""


@dataclass(frozen=True)
class Regrouped:
    """The axes after a view. Where it tears atoms apart, ``axes`` is what the code must have meant."""

    axes: tuple[Axis, ...]
    crossing: Crossing | None = None


def regroup(atoms: Sequence[Atom], targets: Sequence[Target], view: Value) -> Regrouped | None:
    """The atoms of each wanted axis; None where that cannot be told."""
    walk = _Walk(list(atoms), list(targets), _instance([*(a.extent for a in atoms), *targets]), view)
    return walk.run()


@dataclass
class _Walk:
    """From both ends inwards, as far as atoms and wanted extents agree."""

    atoms: list[Atom]
    targets: list[Target]
    values: dict[Symbol, int]
    view: Value
    found: dict[int, list[Atom]] = field(default_factory=dict)
    stuck: Monomial | None = None
    """What was still wanted where the walk from the front ended."""
    stuck_behind: Monomial | None = None
    """What was still wanted where the walk from the back ended."""

    def run(self) -> Regrouped | None:
        first, last = 0, len(self.targets)
        while first < last - 1 and self.targets[first] is not None and self._front(first):
            first += 1
        while first < last - 1 and self.targets[last - 1] is not None and self._back(last - 1):
            last -= 1
        if last - first == 1:
            self.found.setdefault(first, []).extend(self._left(first))
            return Regrouped(self._axes())
        if self.targets[first] is None:
            return self._torn_behind(first, last)
        return self._torn(first, last)

    def _left(self, place: int) -> list[Atom]:
        """What stands on the last axis to be filled. Unknown leading axes are none where all else makes it up."""
        known = [atom for atom in self.atoms if atom.kind != "rest"]
        target, total = self.targets[place], extent_of_axis((*self.found.get(place, ()), *known))
        is_all = target is not None and total is not None and total.equals(target)
        return known if is_all else self.atoms

    def _axes(self) -> tuple[Axis, ...]:
        return tuple(tuple(_merged(self.found.get(place, ()))) for place in range(len(self.targets)))

    def _front(self, place: int) -> bool:
        """Fill one wanted axis from the front."""
        wanted = self.targets[place]
        assert wanted is not None
        taken = self.found[place] = []
        while not wanted.is_one:
            self.stuck = wanted
            if not self.atoms:
                return False
            atom = self.atoms[0]
            symbol = leading_symbol(atom, wanted) if atom.kind == "rest" else None
            if symbol is not None and any(self._has(other, symbol) for other in self.atoms[1:]):
                self.atoms.pop(0)  # the axis is one of those that are known: there are none before them
                continue
            if symbol is not None:
                axis = Monomial.of(symbol)
                taken.append(Atom((atom.root, atom.taken), "axis", axis, atom.of))
                self.atoms[0] = replace(atom, taken=atom.taken + 1)
                wanted = _over(wanted, axis)
                continue
            whole, part = self._fits(wanted, atom)
            if whole:
                assert atom.extent is not None
                taken.append(self.atoms.pop(0))
                wanted = _over(wanted, atom.extent)
            elif part:
                outer, self.atoms[0] = atom.split(wanted, inner=False)
                taken.append(outer)
                return True
            else:
                return False
        return True

    @staticmethod
    def _has(atom: Atom, symbol: Symbol) -> bool:
        return atom.extent is not None and symbol in atom.extent.symbols

    def _back(self, place: int) -> bool:
        """Fill one wanted axis from the back."""
        wanted = self.targets[place]
        assert wanted is not None
        taken: list[Atom] = []
        kept = list(self.atoms)
        while not wanted.is_one:
            atom = self.atoms[-1] if self.atoms else None
            whole, part = self._fits(wanted, atom) if atom is not None else (False, False)
            if atom is not None and whole:
                assert atom.extent is not None
                taken.insert(0, self.atoms.pop())
                wanted = _over(wanted, atom.extent)
            elif atom is not None and part:
                self.atoms[-1], inner = atom.split(wanted, inner=True)
                taken.insert(0, inner)
                break
            else:
                self.atoms, self.stuck_behind = kept, wanted
                return False
        self.found[place] = taken
        return True

    def _fits(self, wanted: Monomial, atom: Atom) -> tuple[bool, bool]:
        """Whether the whole atom, or a part of it, stands on the wanted axis."""
        if atom.extent is None or atom.kind == "rest":
            return False, False
        size, has = _number(wanted, self.values), _number(atom.extent, self.values)
        if size is None or has is None:
            return False, len(self.atoms) == 1
        return size % has == 0, has % size == 0 or len(self.atoms) == 1

    def _torn(self, first: int, last: int) -> Regrouped | None:
        """The proof that the view takes apart what belongs together: what is wanted stands further back."""
        wanted, atom = self.stuck, self.atoms[0] if self.atoms else None
        if wanted is None or atom is None:
            return None
        later = [other.extent for other in self.atoms[1:] if other.extent is not None]
        asked = [target for target in self.targets[first + 1 : last] if target is not None]
        is_behind = any(behind.equals(wanted) for behind in later)
        is_wanted_later = atom.extent is not None and bool(atom.extent.powers)
        is_wanted_later = is_wanted_later and any(target.equals(atom.extent) for target in asked if atom.extent)
        if not is_wanted_later and (not is_behind or self._may_be_one(atom, wanted)):
            return None
        crossing = Crossing(atom, wanted, first)
        self._as_meant(first, last, wanted)
        return Regrouped(self._axes(), crossing)

    def _may_be_one(self, atom: Atom, wanted: Monomial) -> bool:
        """Whether the view is right if an axis has the extent one: nothing asks for it, and the next is kept whole."""
        following = self.atoms[1] if len(self.atoms) > 1 else None
        is_next = following is not None and following.extent is not None and following.extent.equals(wanted)
        return is_next and following is not None and atom.kind == following.kind == "axis"

    def _torn_behind(self, first: int, last: int) -> Regrouped | None:
        """The same from the back: what is wanted last stands before what is inferred."""
        wanted = self.stuck_behind
        if wanted is None or last - first != 2 or len(self.atoms) < 3:
            return None
        earlier = next((a for a in self.atoms[:-2] if a.extent is not None and a.extent.equals(wanted)), None)
        if earlier is None:
            return None
        crossing = Crossing(earlier, self.atoms[-2].extent, first)
        tail = [earlier, self.atoms[-1]]
        self.found[first] = [atom for atom in self.atoms if atom not in tail]
        self.found[last - 1] = tail
        return Regrouped(self._axes(), crossing)

    def _as_meant(self, first: int, last: int, wanted: Monomial) -> None:
        """Each axis gets the atom of its extent, wherever that stands in memory."""
        for place in range(first, last):
            target = wanted if place == first else self.targets[place]
            if target is None:
                continue
            match = next((a for a in self.atoms if a.extent is not None and a.extent.equals(target)), None)
            if match is None and place != first:
                match = next((a for a in self.atoms if self._fits(target, a)[1]), None)
                if match is not None:
                    outer, inner = match.split(target, inner=True)
                    self.atoms[self.atoms.index(match)] = outer
                    self.found[place] = [inner]
                    continue
            if match is None:
                match = Atom(("view", id(self.view), place), "axis", target, self.view)
            else:
                self.atoms.remove(match)
            self.found.setdefault(place, []).append(match)
        inferred = next((p for p in range(first, last) if self.targets[p] is None), None)
        if inferred is not None:
            self.found[inferred] = list(self.atoms)


def _over(wanted: Monomial, extent: Monomial) -> Monomial:
    left = wanted / extent
    assert left is not None
    return left


def _merged(atoms: Iterable[Atom]) -> list[Atom]:
    """Neighbours that are the outer and the inner part of one piece, joined again."""
    out: list[Atom] = []
    for atom in atoms:
        before = out[-1] if out else None
        if atom.extent is not None and atom.extent.is_one:
            continue
        if before is not None and _continues(before, atom):
            assert before.extent is not None
            assert atom.extent is not None
            out[-1] = replace(atom, extent=before.extent * atom.extent)
        else:
            out.append(atom)
    return out


def _continues(outer: Atom, inner: Atom) -> bool:
    """Whether two atoms are the neighbouring parts of one piece."""
    if outer.root != inner.root or outer.extent is None or inner.extent is None:
        return False
    return outer.stride.equals(inner.stride * inner.extent)


def _instance(extents: Iterable[Target]) -> dict[Symbol, int]:
    """A value for every symbol, such that all the divisions in the extents come out even."""
    known = [one for one in extents if one is not None and one.is_low]
    symbols = dict.fromkeys(symbol for one in known for symbol, _ in one.powers)
    values = dict(zip(symbols, _PRIMES, strict=False))
    for one in (*known, *known):
        divisor = _rational(one.coefficient).denominator
        for symbol, exponent in one.powers:
            if exponent < 0 and exponent.denominator == 1:
                divisor *= values.get(symbol, 1) ** -exponent.numerator
        for symbol, exponent in one.powers:
            if exponent > 0 and symbol in values and values[symbol] % divisor and divisor.bit_length() < _BITS:
                values[symbol] *= divisor
    return values


def _number(extent: Monomial, values: dict[Symbol, int]) -> int | None:
    """An extent in the generic instance, None where it is no whole number there."""
    if not extent.is_low:
        return None
    coefficient = _rational(extent.coefficient)
    above, below = coefficient.numerator, coefficient.denominator
    for symbol, exponent in extent.powers:
        if symbol not in values or exponent.denominator != 1 or values[symbol].bit_length() > _BITS:
            return None
        if exponent > 0:
            above *= values[symbol] ** exponent.numerator
        else:
            below *= values[symbol] ** -exponent.numerator
    return above // below if above > 0 and above % below == 0 else None


@lru_cache(maxsize=256)
def _rational(coefficient: float) -> Fraction:
    return Fraction(coefficient).limit_denominator(4096)
