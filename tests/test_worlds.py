"""Path conditions: facts of opposite arms never mix, and the paths looked at are those that a run can take.

The truth is the snippet itself, run on every combination of its inputs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from textwrap import dedent, indent
from typing import Any

import pytest
from graph_support import ANYTHING, body, constant, execute, read, snippets, too_many_paths
from hypothesis import given, settings
from hypothesis import strategies as st

from attnlint.graph.worlds import MAX_WORLDS

Facts = frozenset[tuple[tuple[str, object], ...]]

WORDS = (None, "", "a", "b", "c")
NUMBERS = (None, 0, 1, 2)
HELPERS = """\
from graph_support import Expected
def exists(x):
    return x is not None
def absent(x):
    return not exists(x)
def default(x, d):
    return x if exists(x) else d
def is_a(x):
    if x == "a":
        return True
    return False
"""


def stated(text: str) -> list[dict[str, object]]:
    return read(text).on_paths(lambda seen: {name: constant(seen[name]) for name in seen.values})


def happens(text: str, inputs: Mapping[str, Sequence[object]]) -> Facts:
    """What the ``see`` calls are given in any run."""
    runs = product(*inputs.values())
    return frozenset(tuple(seen.items()) for arguments in runs for seen in execute(text, "f", *arguments))


def fits(real: tuple[tuple[str, object], ...], one: Mapping[str, object]) -> bool:
    return dict(real).keys() == one.keys() and all(
        one[name] is ANYTHING or (one[name] == value and type(one[name]) is type(value)) for name, value in real
    )


def check(text: str, inputs: Mapping[str, Sequence[object]], exact: bool = True) -> None:
    """Every run is one of the paths and, where ``exact``, every path is one of the runs."""
    paths, real = stated(text), happens(text, inputs)
    for run in real:
        assert any(fits(run, path) for path in paths), f"no path for {dict(run)} among {paths}"
    for path in paths if exact else ():
        assert any(fits(run, path) for run in real), f"no run for {path} among {[dict(run) for run in real]}"
        assert ANYTHING not in path.values(), f"{path} is not known"


PATHS, RUNS, LOOPS = snippets("paths"), snippets("runs"), snippets("loops")
XY: dict[str, Sequence[object]] = {"x": WORDS, "y": NUMBERS}


@pytest.mark.parametrize("statements", PATHS.values(), ids=list(PATHS))
def test_paths_are_runs(statements: str) -> None:
    check(HELPERS + body(statements, "x, y"), XY)


@pytest.mark.parametrize("statements", RUNS.values(), ids=list(RUNS))
def test_every_run_is_a_path(statements: str) -> None:
    check("FLAG = True\n" + HELPERS + body(statements, "x"), {"x": WORDS}, exact=False)


def test_an_unknown_flag_is_one_flag() -> None:
    text = "try:\n    import fast\n    FAST = True\nexcept ImportError:\n    FAST = False\n" + body(
        "a = 1 if FAST else 2\nb = 1 if FAST else 2\nsee(a=a, b=b)", ""
    )
    assert sorted(tuple(path.values()) for path in stated(text)) == [(1, 1), (2, 2)]


def test_training_is_one_flag() -> None:
    text = """
        class Inner(nn.Module):
            def forward(self):
                return 1 if self.training else 2
        class Outer(nn.Module):
            def __init__(self):
                self.inner = Inner()
            def forward(self):
                see(a=1 if self.training else 2, b=self.inner())
        """
    assert sorted(tuple(path.values()) for path in stated(dedent(text))) == [(1, 1), (2, 2)]


# --- generated programs -------------------------------------------------------------------------------------------

ATOMS = [
    "x is None", "x is not None", "x", "not x", "x == 'a'", "x != 'b'", "exists(x)", "is_a(x)", "y is None", "y",
    "y == 1", "x and y", "x or y is None", "not (x is None or y)", "x is None and y == 0",
]  # fmt: skip


def branch(parts: tuple[str, str, str, str]) -> str:
    condition, then, other, otherwise = parts
    return f"if {condition}:\n{indent(then, '    ')}\nelif {other}:\n    b = 3\nelse:\n{indent(otherwise, '    ')}"


PROGRAMS = st.recursive(
    st.one_of(
        st.tuples(st.sampled_from("ab"), st.integers(0, 3)).map("{0[0]} = {0[1]}".format),
        st.sampled_from(ATOMS).map("a = 1 if {} else 2".format),
        st.sampled_from(["see(a=a, b=b)", "return", "raise Expected", "a, b = b, a", "x = x or 'a'", "pass"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("\n".join),
        st.tuples(st.sampled_from(ATOMS), inner, st.sampled_from(ATOMS), inner).map(branch),
    ),
    max_leaves=7,
)


@settings(deadline=None, max_examples=250)
@given(PROGRAMS)
def test_paths_of_generated_programs_are_runs(program: str) -> None:
    falsy_and_not_zero = {"y": (*NUMBERS, "")}
    check(HELPERS + body(["a = b = 0", program, "see(a=a, b=b)"], "x, y"), {**XY, **falsy_and_not_zero})


# --- limits -------------------------------------------------------------------------------------------------------


def ifs(count: int, statement: Callable[[int], str]) -> list[str]:
    return [f"if c{i}:\n    {statement(i)}" for i in range(count)]


def conditions(count: int) -> str:
    return ", ".join(f"c{i}" for i in range(count))


def test_64_paths_are_looked_at_and_more_are_not() -> None:
    def independent(count: int) -> Any:
        starts = [f"a{i} = 1" for i in range(count)]
        sums = f"see(it={' * '.join(f'a{i}' for i in range(count))})"
        return read(body([*starts, *ifs(count, lambda i: f"a{i} = {i + 2}"), sums], conditions(count)))

    def scalar(seen: Any) -> Any:
        return seen.scalar("it")

    assert MAX_WORLDS == 2**6
    assert len(independent(6).on_paths(scalar)) == 64
    many = independent(9)
    assert too_many_paths(many, scalar)
    ((call, values),) = many.sights()
    assert list(many.graph.paths(call, lambda facts: facts.scalar(values["it"]))) == []


@pytest.mark.parametrize("dependent", [False, True])
def test_40_ifs_in_a_row_cost_40_joins(dependent: bool) -> None:
    began = time.perf_counter()
    lines = ["a = b = 1", *ifs(40, lambda i: f"a = a * {i}"), f"see(it={'a' if dependent else 'b'})"]
    snippet = read(body(lines, conditions(40)))
    if dependent:
        assert too_many_paths(snippet, lambda seen: seen.scalar("it"))
    else:
        assert snippet.on_paths(lambda seen: constant(seen["it"])) == [1]
    assert len(snippet.graph.values) < 1_000
    assert time.perf_counter() - began < 3


@pytest.mark.parametrize("leaving", ["return", "raise ValueError"])
def test_40_early_exits_leave_one_path(leaving: str) -> None:
    began = time.perf_counter()
    text = body(["b = 1", *ifs(40, lambda i: leaving), "see(it=b)"], conditions(40))
    assert read(text).on_paths(lambda seen: constant(seen["it"])) == [1]
    assert time.perf_counter() - began < 3


def test_40_joins_of_a_compared_value_are_quick() -> None:
    began = time.perf_counter()
    lines = ["a = 1", *ifs(40, lambda i: "a = a + x"), "if a == 1:\n    b = 1\nelse:\n    b = 2", "see(it=b)"]
    too_many_paths(read(body(lines, f"x, {conditions(40)}")), lambda seen: constant(seen["it"]))
    assert time.perf_counter() - began < 5


# --- loops --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("statements", LOOPS.values(), ids=list(LOOPS))
def test_one_operation_never_counts_twice(statements: str) -> None:
    """How often the loop runs is not known: neither is what it makes, but on the path where it does not run."""
    text = "class O:\n    pass\n" + body(["s = 1.0", statements], "d, n")
    known = [m for m in read(text).on_paths(lambda seen: seen.scalar("it")) if m is not None]
    assert all(m.is_one for m in known), [str(m) for m in known]
