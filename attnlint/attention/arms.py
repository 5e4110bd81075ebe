"""Sites that compute the same attention on opposite arms of a setting: a fused call and its hand-written fallback.

Two sites are opposite arms where one setting alone (a flag of the constructor, ``hasattr(F, …)``, a constant of the
module) decides between them: ``if self.flash: … else: …``, an early return, a method for each. Everything else is the
same on both, so a difference between them is none that the conditions explain.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TypeVar

from attnlint.attention.future import flag_of, is_given
from attnlint.attention.masking import is_computed
from attnlint.attention.recognise import Activation, activations, anchors
from attnlint.attention.site import AttentionPath, MaskUse
from attnlint.attention.trail import Walk
from attnlint.attention.transparent import LAYOUT, PARTS
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.facts import Facts
from attnlint.graph.values import (
    And,
    Attribute,
    Compare,
    Constant,
    Extent,
    External,
    FromData,
    Full,
    Instance,
    Not,
    Or,
    Origin,
    Parameter,
    Phi,
    Pure,
    Rank,
    Shape,
    TorchModule,
    Unknown,
    Value,
    key,
    strip,
)
from attnlint.graph.worlds import MAX_WORLDS, Atom, Undecided, World
from attnlint.time_limit import check

T = TypeVar("T")
_MAX_SITES = 12
"""Sites of one graph that are compared with one another; a graph with more is a whole network."""


@dataclass
class Arms:
    """Two sites of one graph, and the setting that takes one of them or the other."""

    graph: DefinitionGraph
    first: Activation
    second: Activation
    switch: Value
    """The setting: ``first`` runs where it is true (or, with ``reversed``, false), ``second`` in the other case."""
    atom: Atom
    reversed: bool = False

    def ask(self, question: Callable[[AttentionPath, AttentionPath], T]) -> Iterator[T]:
        """Answers to a question about both paths, for all outcomes of what they have in common; the paths of one
        answer differ in the setting alone. Stops after too many.

        An answer that depends on the setting beyond the choice itself is left out: the code knows what it does.
        """
        root = self.graph.world
        waiting: list[tuple[World, ...]] = [
            (root.assume(self.atom, not self.reversed), root.assume(self.atom, self.reversed), root)
        ]
        for _ in range(2 * MAX_WORLDS):
            if not waiting:
                return
            check()
            first, second, neutral = waiting.pop()
            try:
                if not self._chooses(first, second):
                    continue
                question(self.first.path(neutral), self.second.path(neutral))
                one, two = self.first.path(first), self.second.path(second)
                if not _same_inputs(one, two):
                    continue
                answer = question(one, two)
            except Undecided as undecided:
                if undecided.atom == self.atom:
                    continue
                waiting.extend(_under(undecided.atom, first, second, neutral))
            else:
                yield answer

    def _chooses(self, first: World, second: World) -> bool:
        """Whether the setting alone chooses: each site is reached in its own world and not in the other."""
        one, two = self.first.guard, self.second.guard
        return first.holds(one) and second.holds(two) and not first.holds(two) and not second.holds(one)


def _under(atom: Atom, *worlds: World) -> Iterator[tuple[World, ...]]:
    """The worlds with an assumption more, for both outcomes that contradict none of them; the setting may have decided
    it in some."""
    for truth in (False, True):
        known = [world.known(atom) for world in worlds]
        if (not truth) not in known:
            pairs = zip(worlds, known, strict=True)
            yield tuple(world.assume(atom, truth) if said is None else world for world, said in pairs)


def opposite_arms(graph: DefinitionGraph) -> Iterator[Arms]:
    """All pairs of sites in a graph between which one setting decides."""
    if len({type(anchor) for anchor in anchors(graph)}) < 2:
        return
    found = [(site, _settings(site.guard)) for site in activations(graph)]
    found = [(site, settings) for site, settings in found if settings]
    for (first, one), (second, two) in combinations(found[:_MAX_SITES], 2):
        if first.kind == second.kind or _place(first) == _place(second):
            continue
        for atom in one.keys() & two.keys():
            for is_reversed in (False, True):
                yield Arms(graph, first, second, one[atom], atom, is_reversed)


def _place(site: Activation) -> Hashable:
    assert site.anchor.origin is not None
    return site.anchor.origin.place


def _same_inputs(one: AttentionPath, two: AttentionPath) -> bool:
    """Whether both sites read the same query, key and value, whatever each does to their layout first."""
    for a, b in ((one.query, two.query), (one.key, two.key)):
        if a is None or b is None or key(a.source) != key(b.source):
            return False
    if one.value is None or two.value is None:
        return False
    values = [Walk(path.facts).operand(path.value, "query").source for path in (one, two) if path.value is not None]
    return key(values[0]) == key(values[1])


# -- settings


def _settings(guard: tuple[Value, ...]) -> dict[Atom, Value]:
    """The settings that a guard depends on, by the assumption that decides each."""
    found: dict[Atom, Value] = {}
    for condition in guard:
        for leaf in leaves(condition):
            if is_setting(leaf):
                try:
                    World().truth(leaf)
                except Undecided as undecided:
                    found.setdefault(undecided.atom, leaf)
    return found


def leaves(condition: Value, depth: int = 8, facts: Facts | None = None) -> Iterator[Value]:
    """The conditions that a condition is put together from; with ``facts``, those that matter on one path."""
    value = strip(condition)
    if depth == 0:
        return
    if isinstance(value, (And, Or)):
        for item in value.items:
            yield from leaves(item, depth - 1, facts)
    elif isinstance(value, Not):
        yield from leaves(value.x, depth - 1, facts)
    elif isinstance(value, Phi):
        taken = None if facts is None else value.then if facts.truth(value.condition) else value.otherwise
        for part in (value.condition, taken) if taken is not None else (value.condition, value.then, value.otherwise):
            yield from leaves(part, depth - 1, facts)
    else:
        yield condition


def is_setting(leaf: Value, of_call: bool = True) -> bool:
    """Whether a condition is fixed before any tensor is seen: by a constructor, the module, the version of torch, or,
    with ``of_call``, a flag among the arguments."""
    value = strip(leaf)
    match value:
        case Parameter():
            return value.of_constructor or (of_call and (value.annotation == "bool" or _is_flag(value.default)))
        case Attribute(base=base, member=member):
            return member != "training" and _is_configuration(base)
        case External():
            return True
        case Pure(function="hasattr", inputs=inputs):
            return isinstance(strip(inputs[0]), (External, Attribute))
        case Pure(function=function, inputs=inputs):
            return "." in function and bool(inputs)
        case Unknown(inputs=inputs):
            known = (isinstance(strip(i), (External, Constant)) or is_setting(i, of_call) for i in inputs)
            return bool(inputs) and all(known) and not any(_is_mode(i) for i in inputs)
        case Compare(left=left, right=right):
            return is_setting(left, of_call) and isinstance(strip(right), Constant)
    return False


def _is_mode(value: Value) -> bool:
    """``torch.is_grad_enabled`` and its like: they tell of the call, not of the module."""
    inner = strip(value)
    return isinstance(inner, External) and inner.path.endswith(("is_grad_enabled", "is_inference_mode_enabled"))


def _is_configuration(base: Value) -> bool:
    inner = strip(base)
    while isinstance(inner, Attribute):
        inner = strip(inner.base)
    if isinstance(inner, Parameter):
        return inner.of_constructor
    return isinstance(inner, (Instance, TorchModule, External))


def _is_flag(default: Value | None) -> bool:
    held = strip(default) if default is not None else None
    return isinstance(held, Constant) and isinstance(held.value, bool)


# -- what an arm does beside its site


class Reads:
    """What the values that only one of two arms computes are made of."""

    def __init__(self, path: AttentionPath, other: AttentionPath) -> None:
        assert path.anchor.origin is not None
        assert other.anchor.origin is not None
        self._path = path
        own = _beyond(path.anchor.origin, other.anchor.origin)
        self._own = {id(condition) for condition in own}

    def mentions(self, source: Value) -> bool:
        """Whether anything that this arm alone computes, or that its site is given, was made from ``source``."""
        made = _made_of(source, self._path.graph)
        return id(strip(self._path.anchor)) in made or any(id(value) in made for value in self._computed)

    @cached_property
    def _computed(self) -> list[Value]:
        return [
            value
            for value in self._path.graph.values
            if value.origin is not None and not self._own.isdisjoint(map(id, value.origin.guard))
        ]


def _beyond(origin: Origin, other: Origin) -> tuple[Value, ...]:
    """The conditions of one guard that do not stand in the other."""
    shared = {id(condition) for condition in other.guard}
    return tuple(condition for condition in origin.guard if id(condition) not in shared)


def _made_of(source: Value, graph: DefinitionGraph) -> set[int]:
    """The identities of a value, of all that has the same meaning, and of what is computed from one of them."""
    wanted = key(strip(source))
    place = ("made of", wanted)
    known: set[int] | None = graph.world.memo.get(place)
    if known is None:
        waiting = [value for value in graph.everything if key(strip(value)) == wanted]
        known = graph.world.memo[place] = set()
        while waiting:
            value = waiting.pop()
            if id(value) not in known:
                known.add(id(value))
                waiting.extend(graph.users.get(id(value), ()))
    return known


def sources(value: Value, facts: Facts) -> list[Value]:
    """What a mask is made from on one path: parameters, attributes of which nothing is known, new tensors. What only
    gives its layout is left out."""
    return facts.once("sources", value, _sources)


def _sources(value: Value, facts: Facts) -> list[Value]:
    found: list[Value] = []
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        held = facts.resolve(waiting.pop())
        if id(held) in seen or isinstance(held, (Extent, Shape, Rank, Instance)):
            continue
        seen.add(id(held))
        if isinstance(held, (Attribute, Full, FromData, Parameter)):
            found.append(held)
        elif isinstance(held, (*LAYOUT, *PARTS)):
            waiting.append(next(held.operands()))
        else:
            waiting.extend(held.operands())
    return found


def is_handed_in(value: Value) -> bool:
    """Whether a value is a parameter of the root itself."""
    return isinstance(value, Parameter) and not value.of_constructor


def unread_masks(ignoring: AttentionPath, reading: AttentionPath) -> list[tuple[MaskUse, list[Value]]]:
    """Masks that hide positions on one arm, with what they are made from, of which the other reads nothing.

    The other is not causal, and hides nothing but what the first hides as well: it has no mask of its own that might
    stand for the ignored one. May raise `attnlint.graph.worlds.Undecided`.
    """
    hiding = [use for use in reading.masks if _hides(use, reading)]
    if not hiding or _may_be_causal(ignoring):
        return []
    theirs = [(use, sources(use.mask, reading.facts)) for use in hiding if use.mask is not None]
    common = {key(source) for _, found in theirs for source in found}
    for use in ignoring.masks:
        if use.mask is None or (is_given(use.mask, ignoring) and not is_computed(use.mask, ignoring)):
            own = sources(use.mask, ignoring.facts) if use.mask is not None else []
            if not own or not {key(source) for source in own} <= common:
                return []
    reads = Reads(ignoring, reading)
    return [(use, found) for use, found in theirs if found and not any(reads.mentions(source) for source in found)]


def _may_be_causal(path: AttentionPath) -> bool:
    """Whether the flag of a fused call, or something that is not understood, may hide the future."""
    flag = flag_of(path)
    if flag is not None:
        return path.facts.truth(flag)
    return path.kind != "hand-written" or bool(path.opaque) or path.product is None


def _hides(use: MaskUse, path: AttentionPath) -> bool:
    """Whether a mask is there and certainly hides something: it is filled where it is true, or said to be a mask."""
    if use.mask is None or not is_given(use.mask, path):
        return False
    if use.how in ("fill", "argument"):
        return True
    fact = path.facts.mask(use.mask)
    return use.how == "add" and fact is not None and fact.representation == "additive"
