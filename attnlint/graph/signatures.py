"""Binding a call's arguments to the parameters that a table names.

A signature lists parameters in their order; ``dim|axis`` names one parameter that has two spellings, ``*sizes`` takes
the remaining positional arguments (what follows it is keyword-only), ``x=v`` is bound to ``Constant(v)`` when it is not
given; without a default it is bound to `NONE`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from typing import TypeAlias

from attnlint.graph.values import NONE, Constant, Items, Unknown, Value, strip


class Arguments:
    """The arguments of one call, bound to the parameters of a row."""

    def __init__(self, bound: dict[str, Value], rest: tuple[Value, ...], others: dict[str, Value]) -> None:
        self._bound = bound
        self.rest = rest
        """What the variadic parameter took."""
        self.others = others
        """Keywords that the signature does not name."""

    def __getattr__(self, name: str) -> Value:
        return self._bound[name]

    def __contains__(self, name: str) -> bool:
        return name in self._bound


Builder: TypeAlias = Callable[[Arguments], Value]


@dataclass(frozen=True)
class Slot:
    """One parameter of a row: its spellings, its default, whether only a keyword sets it."""

    spellings: tuple[str, ...]
    default: Value
    keyword_only: bool


@dataclass(frozen=True)
class Signature:
    """Parameters of a row; ``variadic`` is the name of the one that takes the remaining positional arguments."""

    slots: tuple[Slot, ...]
    variadic: str | None

    @classmethod
    def parse(cls, text: str) -> Signature:
        """Read the table's notation."""
        slots: list[Slot] = []
        variadic = None
        for word in text.split():
            if word.startswith("*"):
                variadic = word[1:]
                continue
            names, _, default = word.partition("=")
            bound = Constant(_literal(default)) if default else NONE
            slots.append(Slot(tuple(names.split("|")), bound, variadic is not None))
        return cls(tuple(slots), variadic)

    def bind(self, positional: Sequence[Value], keywords: MappingOf[str, Value], open_ended: bool) -> Arguments | None:
        """Arguments by parameter, None where the call does not fit. ``open_ended``: the call also spreads a dict
        that is not known, so that what was not given is unknown instead of absent."""
        bound: dict[str, Value] = {}
        others = dict(keywords)
        waiting = list(positional)
        for slot in self.slots:
            if waiting and not slot.keyword_only:
                bound[slot.spellings[0]] = waiting.pop(0)
                continue
            given = next((others.pop(n) for n in slot.spellings if n in others), None)
            bound[slot.spellings[0]] = given if given is not None else Unknown() if open_ended else slot.default
        if waiting and self.variadic is None:
            return None
        if self.variadic and not waiting:
            waiting = [others[n] for n in (self.variadic, "size", "dims") if n in others][:1]
        return Arguments(bound, tuple(waiting), others)


def _literal(text: str) -> object:
    words = {"True": True, "False": False, "None": None}
    return words[text] if text in words else int(text)


def spread(values: tuple[Value, ...]) -> tuple[Value, ...]:
    """``view(a, b)`` and ``view((a, b))`` alike."""
    inner = strip(values[0]) if len(values) == 1 else None
    return inner.items if isinstance(inner, Items) else values
