"""Steps of the analysis that grow no faster than what they read: calls are counted, so that no clock is needed."""

from __future__ import annotations

import cProfile
import pstats
from pathlib import Path

import pytest
from shapes import SHAPES

from attnlint.graph.values import Not, Unknown
from attnlint.graph.worlds import MAX_ASSUMED, TooManyWorlds, World, worlds_of
from attnlint.linter import lint_source
from attnlint.rule import discover
from attnlint.syntax.stack import on_big_stack

FACTOR = 4
LIMIT = FACTOR**1.2
"""How many times as many calls of one function as many times more code may take."""
FEW = 200
"""Calls that cost nothing: fewer count as so many."""


def calls(text: str) -> dict[str, int]:
    """How often each function of this project is called, built-in ones and those of libraries under who calls them."""
    rules = list(discover().values())
    profiler = cProfile.Profile()
    on_big_stack(lambda: profiler.runcall(lint_source, text, "synthetic.py", rules))
    counted: dict[str, int] = {}
    for (file, line, name), (_, number, *_) in pstats.Stats(profiler).stats.items():  # type: ignore[attr-defined]
        if "libcst" not in file:
            key = f"{Path(file).name}:{line}({name})"
            counted[key] = counted.get(key, 0) + number
    return counted


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("classes", 6),
        ("classes of one base", 6),
        ("classes of one name", 6),
        ("classes in a class", 6),
        ("attributes of a class", 24),
        ("names of the module", 60),
        ("attentions in a function", 6),
        ("silenced findings", 12),
        ("functions with findings", 6),
    ],
)
def test_calls_grow_with_the_code(name: str, size: int) -> None:
    shape = SHAPES[name]
    calls(shape.make(2))
    few, many = calls(shape.make(size)), calls(shape.make(FACTOR * size))
    steep = {key: (few.get(key, 0), n) for key, n in many.items() if n > LIMIT * max(FEW, few.get(key, 0))}
    assert steep == {}


def guard(length: int) -> tuple[Not, ...]:
    """The guard behind as many early returns."""
    return tuple(Not(Unknown()) for _ in range(length))


def test_a_guard_is_walked_once_in_a_world(monkeypatch: pytest.MonkeyPatch) -> None:
    long = guard(100)
    ((world, _),) = worlds_of(long, lambda world: None)
    monkeypatch.delattr(World, "truth")
    assert all(world.holds(long) and world.surely(long) for _ in range(50))


def test_a_path_depends_on_so_many_conditions_and_no_more() -> None:
    assert len(list(worlds_of(guard(MAX_ASSUMED), lambda world: None))) == 1
    with pytest.raises(TooManyWorlds):
        list(worlds_of(guard(MAX_ASSUMED + 1), lambda world: None))


def test_forty_ifs_are_not_two_to_the_power_of_forty_paths() -> None:
    few, many = (sum(calls(SHAPES["ifs that change the scores"].make(size)).values()) for size in (20, 40))
    assert many < 3 * few
