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
    """Assumptions about conditions, and what follows from them.

    What was derived in a world holds in every world with more assumptions as well, so these look there first; all but
    the ``hedged`` facts, which were derived by taking an undecided guard for one that does not hold (see `surely`).
    """

    def __init__(self, assumed: dict[Atom, bool] | None = None, parent: World | None = None) -> None:
        self.assumed = assumed or {}
        self.memo: dict[Hashable, Any] = {}
        """For the domains: facts derived in this world."""
        self.hedged: set[Hashable] = set()
        self.is_hedging = False
        """Whether the derivation under way has taken an undecided guard for one that does not hold."""
        self._parent = parent
        self._truths: dict[Value, bool] = dict(parent._truths) if parent is not None else {}
        self.open: dict[Hashable, Atom] = {}
        """Questions that this world does not answer, by what they ask, each with the assumption that it wants."""
        self._guards: dict[int, tuple[tuple[Value, ...], bool | Atom]] = {}
        self._assuming: dict[tuple[Atom, bool], World] = {}

    def assume(self, atom: Atom, truth: bool) -> World:
        """The world with one more assumption. Another question that depends on the same condition gets the same world,
        and finds what the first one derived."""
        world = self._assuming.get((atom, truth))
        if world is None:
            if len(self._assuming) >= _REMEMBERED:
                self._assuming.clear()
            world = self._assuming[atom, truth] = World({**self.assumed, atom: truth}, self)
        return world

    def recall(self, place: Hashable) -> Any:
        """What was derived here or with fewer assumptions; `NOT_DERIVED` where nothing was."""
        if place in self.memo:
            self.is_hedging = self.is_hedging or place in self.hedged
            return self.memo[place]
        world = self._parent
        while world is not None:
            if place in world.memo and place not in world.hedged:
                return world.memo[place]
            world = world._parent
        return NOT_DERIVED

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
            try:
                known = guard, all(self.truth(condition) for condition in guard)
            except Undecided as undecided:
                known = guard, undecided.atom
            self._guards[id(guard)] = known
        return known[1]

    def truth(self, condition: Value) -> bool:
        """Whether a condition is true. Raises `Undecided` where nothing says so."""
        world: World | None = self
        while world is not None:
            known = world._truths.get(condition)
            if known is not None:
                return known
            world = world._parent
        wanted = self.open.get(condition)
        if wanted is not None:
            raise Undecided(wanted)
        try:
            decided = self._truths[condition] = self._truth(condition)
        except Undecided as undecided:
            self.open[condition] = undecided.atom
            raise
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
        for (kind, other, constant), truth in self.assumed.items():
            if kind == "equal" and truth and other == subject:
                return Constant(constant)
        return NONE

    def known(self, atom: Atom) -> bool | None:
        """What the assumptions say about an atom, directly or by implication; None where nothing."""
        if atom in self.assumed:
            return self.assumed[atom]
        kind, subject, constant = atom
        equal = self._equal_to(subject)
        if kind == "is":
            truth = self.assumed.get(("true", subject, None))
            return False if truth is not None and truth != bool(constant) else None
        if kind == "true":
            if equal is not NONE:
                return bool(equal.value)
            if self.assumed.get(("is", subject, True)) or self.assumed.get(("is", subject, False)):
                return bool(self.assumed.get(("is", subject, True)))
            return False if self.assumed.get(("none", subject, None)) else None
        if kind == "none":
            if equal is not NONE:
                return equal.value is None
            return False if self.assumed.get(("true", subject, None)) else None
        if kind == "equal":
            if equal is not NONE:
                return bool(equal.value == constant)
            if self.assumed.get(("none", subject, None)):
                return constant is None
            truth = self.assumed.get(("true", subject, None))
            return False if truth is not None and truth != bool(constant) else None
        return None

    def _decide(self, atom: Atom) -> bool:
        known = self.known(atom)
        if known is None:
            raise Undecided(atom)
        return known


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
        if answered >= MAX_WORLDS or len(waiting) > MAX_WORLDS or len(world.assumed) > MAX_ASSUMED:
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
