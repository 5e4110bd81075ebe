"""One path through the branches, and the enumeration of all of them.

A `World` assumes truth values for the conditions that matter to a question. A question is any function of a world;
when it meets a condition that the world does not decide, `Undecided` ends the attempt and `worlds_of` asks again in
two worlds, one for each truth. So facts of opposite arms never mix, contradictory guards are pruned where they
arise, and forty sequential ifs that a question does not depend on cost nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Iterator
from typing import Any, TypeVar

from attnlint.graph.values import (
    NONE,
    And,
    Attribute,
    Carried,
    Class,
    Compare,
    Constant,
    Function,
    Instance,
    IsNone,
    Items,
    Mapping,
    Not,
    Or,
    Parameter,
    Partial,
    Phi,
    TorchModule,
    Unknown,
    Value,
    key,
)
from attnlint.time_limit import check

MAX_WORLDS = 64
"""Paths looked at for one question; a question with more is not answered."""
MAX_ASSUMED = 256
"""Conditions that one path may depend on; a question about a longer one is not answered. A function with hundreds of
ways to leave it early is generated code."""

NOT_DERIVED = object()
_REMEMBERED = 64
"""Worlds with one more assumption that a world keeps."""
T = TypeVar("T")
Atom = tuple[str, Hashable, Hashable]
TRAINING: Atom = ("true", "training", None)
"""The condition that modules are in training mode: all of them are, or none."""
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_OBJECTS = (Function, Class, Instance, TorchModule, Partial)


class Undecided(Exception):
    """A condition that the world says nothing about."""

    def __init__(self, atom: Atom) -> None:
        super().__init__(atom)
        self.atom = atom


class TooManyWorlds(Exception):
    """The question depends on more paths than are looked at."""


class World:
    """Assumptions about conditions, one after the other, and what follows from them.

    What was derived with the first few of them is known to every world that begins with those: it is kept where the
    last of them is made that the derivation looked at (``reach``). But for the ``hedged`` facts, which rest on
    something not being assumed, and hold in this very world alone (see `surely`).
    """

    def __init__(self, parent: World | None = None, atom: Atom | None = None, truth: bool = False) -> None:
        self.memo: dict[Hashable, Any] = {}
        """For the domains: facts derived from what is assumed here."""
        self.hedged: set[Hashable] = set()
        self.is_hedging = False
        """Whether the derivation under way rests on something not being assumed."""
        self.reach = 0
        """The last assumption that the derivation under way looked at, counted from 1."""
        self.depth: int = parent.depth + 1 if parent is not None else 0
        """The number of assumptions."""
        self.open: dict[Hashable, Atom] = {}
        """Questions that this world does not answer, by what they ask, each with the assumption that it wants."""
        self._parent = parent
        self._assumed: dict[Atom, tuple[bool, int]] = {} if parent is None else dict(parent._assumed)
        if atom is not None:
            self._assumed[atom] = truth, self.depth
        self._truths: dict[Value, tuple[bool, int]] = dict(parent._truths) if parent is not None else {}
        self._guards: dict[int, tuple[tuple[Value, ...], bool | Atom, int]] = {}
        self._assuming: dict[tuple[Atom, bool], World] = {}

    @property
    def assumed(self) -> dict[Atom, bool]:
        """All assumptions; whoever asks for them has looked at all of them."""
        self.reach, self.is_hedging = self.depth, True
        return {atom: truth for atom, (truth, _) in self._assumed.items()}

    def assume(self, atom: Atom, truth: bool) -> World:
        """The world with one more assumption. Another question that depends on the same condition gets the same world,
        and finds what the first one derived."""
        world = self._assuming.get((atom, truth))
        if world is None:
            if len(self._assuming) >= _REMEMBERED:
                self._assuming.clear()
            world = self._assuming[atom, truth] = World(self, atom, truth)
        return world

    def recall(self, place: Hashable) -> Any:
        """What was derived here or with fewer assumptions; `NOT_DERIVED` where nothing was."""
        if place in self.memo:
            self.is_hedging = self.is_hedging or place in self.hedged
            self.reach = self.depth
            return self.memo[place]
        world = self._parent
        while world is not None:
            if place in world.memo and place not in world.hedged:
                self._look(world.depth)
                return world.memo[place]
            world = world._parent
        return NOT_DERIVED

    def keep(self, place: Hashable, fact: object) -> None:
        """Keep what was just derived, for all worlds in which it holds."""
        if self.is_hedging:
            self.memo[place] = fact
            self.hedged.add(place)
            return
        home = self
        while home.depth > self.reach and home._parent is not None:
            home = home._parent
        self.memo.pop(place, None)
        home.memo[place] = fact
        home.hedged.discard(place)

    def release(self) -> None:
        """Let go of all that was derived here and in the worlds with more assumptions: it holds on to itself."""
        waiting = [self]
        while waiting:
            world = waiting.pop()
            waiting.extend(world._assuming.values())
            world._parent = None
            for facts in (world.memo, world.open, world._truths, world._guards, world._assuming):
                facts.clear()

    def _look(self, depth: int) -> None:
        if depth > self.reach:
            self.reach = depth

    def resolve(self, value: Value) -> Value:
        """The value with attribute reads and branches followed."""
        while True:
            if isinstance(value, Phi):
                value = value.then if self.truth(value.condition) else value.otherwise
            elif isinstance(value, Attribute) and value.value is not None:
                value = value.value
            else:
                return value

    def holds(self, guard: tuple[Value, ...]) -> bool:
        """Whether all conditions of a guard are true here. Raises `Undecided`."""
        held = self._held(guard)
        if not isinstance(held, bool):
            raise Undecided(held)
        return held

    def surely(self, guard: tuple[Value, ...]) -> bool:
        """Whether a guard is true here without further assumptions."""
        held = self._held(guard)
        self.is_hedging = self.is_hedging or not isinstance(held, bool)
        return held is True

    def _held(self, guard: tuple[Value, ...]) -> bool | Atom:
        """Whether a guard is true here, or the assumption that this wants. Guards are long where a function has many
        ways out, and each is asked about by every question."""
        known = self._guards.get(id(guard))
        if known is None:
            before, self.reach = self.reach, 0
            try:
                held: bool | Atom = all(self.truth(condition) for condition in guard)
            except Undecided as undecided:
                held = undecided.atom
            known = self._guards[id(guard)] = guard, held, self.reach
            self.reach = before
        self._look(known[2])
        return known[1]

    def truth(self, condition: Value) -> bool:
        """Whether a condition is true. Raises `Undecided` where nothing says so."""
        world: World | None = self
        while world is not None:
            known = world._truths.get(condition)
            if known is not None:
                self._look(known[1])
                return known[0]
            world = world._parent
        wanted = self.open.get(condition)
        if wanted is not None:
            raise Undecided(wanted)
        before, self.reach = self.reach, 0
        try:
            decided = self._truth(condition)
            self._truths[condition] = decided, self.reach
        except Undecided as undecided:
            self.open[condition] = undecided.atom
            raise
        finally:
            self._look(before)
        return decided

    def _truth(self, condition: Value) -> bool:
        value = self.resolve(condition)
        match value:
            case Constant(value=constant):
                return bool(constant)
            case Not(x=x):
                return not self.truth(x)
            case And(items=items):
                return all(self.truth(item) for item in items)
            case Or(items=items):
                return any(self.truth(item) for item in items)
            case IsNone(x=x):
                return self.is_none(x)
            case Compare():
                return self._compare(value)
            case Items(items=items) | Mapping(items=items):
                return bool(items)
        if isinstance(value, _OBJECTS):
            return True
        if isinstance(value, Attribute) and value.member == "training":
            return self._decide(TRAINING)
        return self._decide(("true", key(value), None))

    def is_none(self, x: Value) -> bool:
        """Whether a value is None. Raises `Undecided` where it may be."""
        value = self.resolve(x)
        if isinstance(value, Constant):
            return value.value is None
        if isinstance(value, (Parameter, Attribute, Unknown, Carried)):
            return self._decide(("none", key(value), None))
        return False

    def _compare(self, comparison: Compare) -> bool:
        left, right = self.resolve(comparison.left), self.resolve(comparison.right)
        if isinstance(left, Constant) and not isinstance(right, Constant) and comparison.operator == "==":
            left, right = right, left
        if isinstance(left, Constant) and isinstance(right, Constant) and comparison.operator in _ORDER:
            try:
                return bool(_ORDER[comparison.operator](left.value, right.value))
            except TypeError:
                return False
        if comparison.operator == "in" and isinstance(right, Items):
            return any(self._compare(Compare("==", left, item)) for item in right.items)
        if comparison.operator == "is" and isinstance(left, Constant) and isinstance(right, Constant):
            return left.value is right.value
        if isinstance(right, Constant) and comparison.operator in ("==", "is"):
            return self._decide(("equal" if comparison.operator == "==" else "is", key(left), right.value))
        if isinstance(right, Constant) and comparison.operator in _ORDER:
            known = self._equal_to(key(left))
            if known is not NONE and isinstance(known.value, (int, float)):
                return bool(_ORDER[comparison.operator](known.value, right.value))
        return self._decide(("compare", comparison.operator, (key(left), key(right))))

    def _equal_to(self, subject: Hashable) -> Constant:
        for (kind, other, constant), (truth, depth) in self._assumed.items():
            if kind == "equal" and truth and other == subject:
                self._look(depth)
                return Constant(constant)
        return NONE

    def _assumption(self, kind: str, subject: Hashable, constant: Hashable = None) -> bool | None:
        """What is assumed about an atom itself."""
        found = self._assumed.get((kind, subject, constant))
        if found is None:
            return None
        self._look(found[1])
        return found[0]

    def known(self, atom: Atom) -> bool | None:
        """What the assumptions say about an atom, directly or by implication; None where nothing."""
        known = self._known(atom)
        self.is_hedging = self.is_hedging or known is None
        return known

    def _known(self, atom: Atom) -> bool | None:
        kind, subject, constant = atom
        said = self._assumption(kind, subject, constant)
        if said is not None or kind not in ("is", "true", "none", "equal"):
            return said
        equal = self._equal_to(subject) if kind != "is" else NONE
        if equal is not NONE:
            return _follows(kind, equal.value, constant)
        if kind == "true":
            if self._assumption("is", subject, True) or self._assumption("is", subject, False):
                return bool(self._assumption("is", subject, True))
            return False if self._assumption("none", subject) else None
        if kind == "equal" and self._assumption("none", subject):
            return constant is None
        truth = self._assumption("true", subject)
        if kind == "none":
            return False if truth else None
        return False if truth is not None and truth != bool(constant) else None

    def _decide(self, atom: Atom) -> bool:
        known = self._known(atom)
        if known is None:
            raise Undecided(atom)
        return known


def _follows(kind: str, value: Any, constant: Hashable) -> bool:
    """What follows about something that is equal to a constant."""
    if kind == "true":
        return bool(value)
    return value is None if kind == "none" else bool(value == constant)


def worlds_of(
    guard: tuple[Value, ...], question: Callable[[World], T], start: World | None = None
) -> Iterator[tuple[World, T]]:
    """The answers to a question on every path on which ``guard`` and the assumptions of ``start`` hold.

    Raises `TooManyWorlds`.
    """
    waiting = [start if start is not None else World()]
    answered = 0
    while waiting:
        world = waiting.pop()
        check()
        if answered >= MAX_WORLDS or len(waiting) > MAX_WORLDS or world.depth > MAX_ASSUMED:
            raise TooManyWorlds
        try:
            if not world.holds(guard):
                continue
            answer = question(world)
        except Undecided as undecided:
            waiting.append(world.assume(undecided.atom, False))
            waiting.append(world.assume(undecided.atom, True))
        else:
            answered += 1
            yield world, answer
