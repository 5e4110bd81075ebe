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
from graph_support import ANYTHING, Expected, body, constant, execute, read, too_many_paths
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


X: dict[str, Sequence[object]] = {"x": WORDS}
XY: dict[str, Sequence[object]] = {"x": WORDS, "y": NUMBERS}
TREES: dict[str, tuple[Mapping[str, Sequence[object]], str]] = {
    "if and else": (X, "if x is None:\n    a, b = 1, 1\nelse:\n    a, b = 2, 2\nsee(a=a, b=b)"),
    "the same guard twice": (X, "a = b = 0\nif x is None:\n    a = 1\nif x is None:\n    b = 1\nsee(a=a, b=b)"),
    "a guard and its opposite": (X, "a = b = 0\nif x is None:\n    a = 1\nif x is not None:\n    b = 1\nsee(a=a, b=b)"),
    "truth and None": (X, "a = b = 0\nif x:\n    a = 1\nif x is None:\n    b = 1\nsee(a=a, b=b)"),
    "not and not None": (X, "a = b = 0\nif not x:\n    a = 1\nif x is not None:\n    b = 1\nsee(a=a, b=b)"),
    "two constants": (X, "a = b = 0\nif x == 'a':\n    a = 1\nif x == 'b':\n    b = 1\nsee(a=a, b=b)"),
    "a constant and None": (X, "a = b = 0\nif x == 'a':\n    a = 1\nif x is None:\n    b = 1\nsee(a=a, b=b)"),
    "a constant and truth": (X, "a = b = 0\nif x == 'a':\n    a = 1\nif not x:\n    b = 1\nsee(a=a, b=b)"),
    "an empty constant": (X, "a = b = 0\nif x == '':\n    a = 1\nif x:\n    b = 1\nsee(a=a, b=b)"),
    "compared with None by ==": (X, "a = b = 0\nif x == None:\n    a = 1\nif x is None:\n    b = 1\nsee(a=a, b=b)"),
    "constants in": (X, "a = b = 0\nif x in ('a', 'b'):\n    a = 1\nif x == 'c':\n    b = 1\nsee(a=a, b=b)"),
    "constants in, and one of them": (X, "a = b = 0\nif x in ('a', 'b'):\n    a = 1\nif x == 'a':\n    b = 1\nsee(a=a, b=b)"),
    "unequal": (X, "a = b = 0\nif x != 'a':\n    a = 1\nif x == 'a':\n    b = 1\nsee(a=a, b=b)"),
    "the constant first": (X, "a = b = 0\nif 'a' == x:\n    a = 1\nif x == 'b':\n    b = 1\nsee(a=a, b=b)"),
    "elif": (X, "if x is None:\n    a = 1\nelif x == 'a':\n    a = 2\nelif x == 'b':\n    a = 3\nelse:\n    a = 4\nsee(a=a)"),
    "elif that cannot be": (X, "if x is None:\n    a = 1\nelif x is None:\n    a = 2\nelse:\n    a = 3\nsee(a=a)"),
    "elif without else": (X, "a = 0\nif x == 'a':\n    a = 1\nelif x == 'b':\n    a = 2\nsee(a=a)"),
    "nested": (X, "a = 0\nif x:\n    if x is None:\n        a = 1\n    elif x == 'a':\n        a = 2\nsee(a=a)"),
    "nested, seen inside": (XY, "if x:\n    if y is None:\n        see(a=1)\n    else:\n        if x is None:\n            see(a=2)"),
    "an early return": (X, "if x is None:\n    see(a=0)\n    return\na = 1 if x is None else 2\nsee(a=a)"),
    "a return in both arms": (X, "if x:\n    return\nelse:\n    return\nsee(a=1)"),
    "returns in a chain": (X, "if x == 'a':\n    return\nelif x == 'b':\n    return\nsee(a=1 if x == 'b' else 2)"),
    "an early raise": (X, "if x is None:\n    raise Expected\na = 1 if x is None else 2\nsee(a=a)"),
    "an assert": ({"x": ("", "a", "b")}, "assert x is not None\na = 1 if x is None else 2\nsee(a=a)"),
    "a return in a nested arm": (XY, "a = 0\nif x:\n    if y:\n        return\n    a = 1\nsee(a=a, b=1 if y else 0)"),
    "a conditional expression": (X, "a = 1 if x else 2\nb = 1 if x else 2\nsee(a=a, b=b)"),
    "conditional expressions nested": (X, "a = 1 if x is None else 2 if x == 'a' else 3\nsee(a=a)"),
    "or": (XY, "a = 0\nif x is None or y is None:\n    a = 1\nsee(a=a, b=1 if x is None else 0)"),
    "and": (XY, "a = 0\nif x is not None and y is not None:\n    a = 1\nsee(a=a, b=1 if x is None else 0)"),
    "not of or": (XY, "a = 0\nif not (x or y):\n    a = 1\nsee(a=a, b=1 if x else 0)"),
    "and in a value": (X, "a = x is None and 1\nsee(a=1 if a else 2, b=1 if x is None else 2)"),
    "a default by or": (X, "x = x or 'd'\nsee(a=1 if x else 2)"),
    "a guard with a name": (X, "flag = x is None\na = 1 if flag else 2\nb = 1 if flag else 2\nsee(a=a, b=b, c=1 if x is None else 2)"),
    "a guard twice negated": (X, "flag = not x\na = 1 if not flag else 2\nsee(a=a, b=1 if x else 2)"),
    "a guard by bool": (X, "flag = bool(x)\nsee(a=1 if flag else 2, b=1 if x else 2)"),
    "a walrus": (X, "if (y := x) is None:\n    a = 1\nelse:\n    a = 2\nsee(a=a, b=1 if y is None else 2)"),
    "an alias": (X, "y = x\na = 1 if y is None else 2\nsee(a=a, b=1 if x is None else 2)"),
    "a rebound name": (X, "a = 1 if x is None else 2\nx = 'z'\nsee(a=a, b=1 if x is None else 2)"),
    "a name rebound in an arm": (X, "if x is None:\n    x = 'a'\nsee(a=1 if x is None else 2, b=1 if x == 'a' else 2)"),
    "a helper": (X, "a = 1 if exists(x) else 2\nsee(a=a, b=1 if x is None else 2)"),
    "a helper's helper": (X, "a = 1 if absent(x) else 2\nsee(a=a, b=1 if exists(x) else 2)"),
    "a default by helper": (X, "y = default(x, 5)\nsee(a=1 if y is None else 2, b=1 if x is None else 2)"),
    "a helper with returns": (X, "a = 1 if is_a(x) else 2\nsee(a=a, b=1 if x == 'a' else 2)"),
    "a lambda": (X, "test = lambda v: v is None\nsee(a=1 if test(x) else 2, b=1 if x is None else 2)"),
    "numbers in order": (XY, "a = b = 0\nif y == 1:\n    a = 1\nif y is not None and y > 1:\n    b = 1\nsee(a=a, b=b)"),
    "an isinstance": (X, "a = 1 if isinstance(x, str) else 2\nsee(a=a, b=1 if isinstance(x, str) else 2)"),
    "with": (X, "import contextlib\nwith contextlib.nullcontext():\n    a = 1 if x else 2\nsee(a=a, b=1 if x else 2)"),
    "a constant guard": (X, "if True:\n    a = 1\nelse:\n    a = 2\nif 0:\n    a = 3\nsee(a=a)"),
    "a constant in an arm": (X, "if x:\n    n = 1\nelse:\n    n = 0\nsee(a=1 if n else 2, b=1 if x else 2, c=2 if n == 1 else 3)"),
    "a tuple in an arm": (X, "if x:\n    a, b = 1, 2\nelse:\n    a, b = b_, a_ = 3, 4\nsee(a=a, b=b)"),
    "tuples chosen": (X, "a, b = (1, 2) if x else (3, 4)\nsee(a=a, b=b)"),
    "a function chosen": (X, "def one():\n    return 1\ndef two():\n    return 2\nf = one if x else two\nsee(a=f(), b=1 if x else 2)"),
    "a dict chosen from": (X, "a = {'k': 1, 'l': 2}['k' if x else 'l']\nsee(a=a, b=1 if x else 2)"),
    "an if in a loop": (X, "for _ in (1, 2):\n    a = 1 if x else 2\n    see(a=a, b=1 if x else 2)"),
    "a value after try": (X, "try:\n    a = 1 if x else 2\nfinally:\n    b = 1 if x else 2\nsee(a=a, b=b)"),
    "star": (X, "a, *b = (1, 2) if x else (3, 4)\nsee(a=a, b=b[0])"),
    "a boolean return": (X, "def test(v):\n    return v is not None and v == 'a'\nsee(a=1 if test(x) else 2, b=1 if x == 'a' else 2)"),
    "an exit of a nested function": (X, "def g():\n    if x is None:\n        return 1\n    return 2\nsee(a=g(), b=1 if x is None else 2)"),
}


@pytest.mark.parametrize(("inputs", "statements"), TREES.values(), ids=list(TREES))
def test_paths_are_runs(inputs: Mapping[str, Sequence[object]], statements: str) -> None:
    check(HELPERS + body(statements, ", ".join(inputs)), inputs)


SOUND: dict[str, str] = {
    "a match": "match x:\n    case None:\n        a = 1\n    case 'a' | 'b':\n        a = 2\n    case str() as s:\n        a = 3\nsee(a=a)",
    "a match without a case": "a = 0\nmatch x:\n    case 'a':\n        a = 1\nsee(a=a)",
    "a match that returns": "match x:\n    case 'a':\n        see(a=1)\n        return\n    case _:\n        a = 2\nsee(a=a)",
    "try": "try:\n    a = 1\n    len(x)\n    a = 2\nexcept TypeError:\n    see(a=a)\nsee(a=a)",
    "try with else": "a = 0\ntry:\n    len(x)\nexcept TypeError:\n    a = 1\nelse:\n    a = 2\nsee(a=a)",
    "try that returns": "try:\n    a = len(x) and 1\n    return\nexcept TypeError:\n    a = 2\nsee(a=a)",
    "try with finally": "a = 0\ntry:\n    len(x)\nexcept TypeError:\n    a = 1\nfinally:\n    a += 1\nsee(a=a)",
    "two handlers": "try:\n    len(x)\n    a = 0\nexcept ValueError:\n    a = 1\nexcept TypeError:\n    a = 2\nsee(a=a)",
    "a handler that raises": "try:\n    len(x)\nexcept TypeError:\n    raise Expected\nsee(a=1)",
    "return in finally": "try:\n    raise Expected\nfinally:\n    see(a=1)",
    "a loop": "a = 0\nfor c in x or 'xyz':\n    a += 1\nsee(a=a)",
    "a loop that is not run": "a = 0\nfor c in x or '':\n    a = 1\nsee(a=a)",
    "a loop with break": "a = 0\nfor c in 'ab':\n    if c == x:\n        a = 1\n        break\n    a = 2\nsee(a=a)",
    "a loop with continue": "a = 0\nfor c in 'ab':\n    if c == x:\n        continue\n    a += 1\nsee(a=a)",
    "a loop with else": "for c in 'ab':\n    if c == x:\n        a = 1\n        break\nelse:\n    a = 2\nsee(a=a)",
    "a loop that returns": "for c in 'ab':\n    if c == x:\n        return\n    see(a=1)\nsee(a=2)",
    "a while loop": "a = 0\nwhile a < 2:\n    a = a + 1\n    see(a=a)\nsee(a=a)",
    "a while loop with break": "a = 0\nwhile True:\n    a += 1\n    if a == 2:\n        break\nsee(a=a)",
    "a guard in a loop": "a = b = 0\nfor c in 'ab':\n    if a:\n        b = 1\n    a = 1\nsee(a=a, b=b)",
    "a flag set in a loop": "seen = None\nfor c in x or '':\n    if seen is None:\n        see(a=1)\n    else:\n        see(a=2)\n    seen = c",
    "an attribute changed between": "class O:\n    v = None\no = O()\na = 1 if o.v is None else 2\no.v = 1\nsee(a=a, b=1 if o.v is None else 2)",
    "a list changed between": "l = []\na = 1 if l else 2\nl.append(1)\nsee(a=a, b=1 if l else 2)",
    "a global changed between": "global g\ng = None\na = 1 if g is None else 2\ng = 1\nsee(a=a, b=1 if g is None else 2)",
    "a call twice": "import itertools\nnext_ = iter([None, 1]).__next__\nsee(a=1 if next_() is None else 2, b=1 if next_() is None else 2)",
    "an unknown flag": "see(a=1 if FLAG else 2, b=1 if FLAG else 2)",
    "a comprehension": "l = [1 if c == x else 2 for c in 'ab']\nsee(a=l[0], b=l[1])",
    "nonlocal": "a = 0\ndef g():\n    nonlocal a\n    a = 1\nif x:\n    g()\nsee(a=a)",
    "del": "a = 1\nif x:\n    del a\n    a = 2\nsee(a=a)",
    "a generator": "def g():\n    yield 1\n    yield 2\na, b = g()\nsee(a=a, b=b)",
    "a default argument": "a = 1\ndef g(v=a):\n    return v\na = 2\nsee(a=g(), b=a)",
    "a late closure": "a = 1\ndef g():\n    return a\na = 2\nsee(a=g(), b=a)",
    "an exception that is suppressed": "import contextlib\na = 1\nwith contextlib.suppress(TypeError):\n    len(x)\n    a = 2\nsee(a=a)",
    "swapped": "a, b = 1, 2\nif x:\n    a, b = b, a\nsee(a=a, b=b)",
    "a string and a number": "a = 1 if x == 1 else 2\nsee(a=a, b=1 if x == '1' else 2)",
    "one and true": "y = 1 if x else 0\nsee(a=1 if y == True else 2, b=1 if y == 1 else 2, c=1 if y is True else 2)",
}


@pytest.mark.parametrize("statements", SOUND.values(), ids=list(SOUND))
def test_every_run_is_a_path(statements: str) -> None:
    check("FLAG = True\n" + HELPERS + body(statements, "x"), X, exact=False)


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
    "x is None", "x is not None", "x", "not x", "x == 'a'", "x != 'b'", "exists(x)", "is_a(x)", "y is None", "y", "y == 1",
    "x and y", "x or y is None", "not (x is None or y)", "x is None and y == 0",
]  # fmt: skip


def branch(parts: tuple[str, str, str, str]) -> str:
    condition, then, other, otherwise = parts
    return f"if {condition}:\n{indent(then, '    ')}\nelif {other}:\n    b = 3\nelse:\n{indent(otherwise, '    ')}"


PROGRAMS = st.recursive(
    st.one_of(
        st.tuples(st.sampled_from("ab"), st.integers(0, 3)).map("{0[0]} = {0[1]}".format),
        st.sampled_from(ATOMS).map("a = 1 if {} else 2".format),
        st.sampled_from(["see(a=a, b=b)", "see(a=a, b=b)", "return", "raise Expected", "a, b = b, a", "x = x or 'a'", "pass"]),
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

    assert 2**6 == MAX_WORLDS
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

LOOPS = {
    "a scale in a for loop": "for _ in range(n):\n    s = s * d ** -0.5\nsee(it=s)",
    "a scale in place": "for _ in range(n):\n    s *= d ** -0.5\nsee(it=s)",
    "a scale in a while loop": "while n:\n    s = s * d ** -0.5\n    n -= 1\nsee(it=s)",
    "seen in the loop": "for _ in range(n):\n    s = s * d ** -0.5\n    see(it=s)",
    "in a nested loop": "for _ in range(n):\n    for _ in range(n):\n        s = s * d ** -0.5\nsee(it=s)",
    "in an arm in a loop": "for i in range(n):\n    if i:\n        s = s * d ** -0.5\nsee(it=s)",
    "by a method in place": "s = torch.tensor(1.0)\nfor _ in range(n):\n    s.mul_(d ** -0.5)\nsee(it=s)",
    "of an attribute": "o = O()\no.s = 1\nfor _ in range(n):\n    o.s = o.s * d ** -0.5\nsee(it=o.s)",
    "of an attribute, augmented": "o = O()\no.s = 1\nfor _ in range(n):\n    o.s *= d ** -0.5\nsee(it=o.s)",
    "of an item": "l = [1]\nfor _ in range(n):\n    l[0] = l[0] * d ** -0.5\nsee(it=l[0])",
    "of an item, augmented": "l = [1]\nfor _ in range(n):\n    l[0] *= d ** -0.5\nsee(it=l[0])",
    "by a function": "o = O()\no.s = 1\ndef g():\n    o.s = o.s * d ** -0.5\nfor _ in range(n):\n    g()\nsee(it=o.s)",
    "by an alias in place": "s = torch.tensor(1.0)\nt = s\nfor _ in range(n):\n    t.mul_(d ** -0.5)\nsee(it=s)",
    "by tuple": "t = 1\nfor _ in range(n):\n    s, t = s * d ** -0.5, s\nsee(it=s)",
    "two names in turn": "t = 1\nfor _ in range(n):\n    t = s\n    s = t * d ** -0.5\nsee(it=s)",
    "a starred target": "for _ in range(n):\n    s, *_ = s * d ** -0.5, 1\nsee(it=s)",
    "a walrus": "for _ in range(n):\n    (s := s * d ** -0.5)\nsee(it=s)",
    "with as": "for _ in range(n):\n    with open(s * d ** -0.5) as s:\n        pass\nsee(it=s)",
    "nonlocal": "def g():\n    nonlocal s\n    s = s * d ** -0.5\nfor _ in range(n):\n    g()\nsee(it=s)",
}


@pytest.mark.parametrize("statements", LOOPS.values(), ids=list(LOOPS))
def test_one_operation_never_counts_twice(statements: str) -> None:
    """How often the loop runs is not known: neither is what it makes, but on the path where it does not run."""
    text = "class O:\n    pass\n" + body(["s = 1.0", statements], "d, n")
    known = [m for m in read(text).on_paths(lambda seen: seen.scalar("it")) if m is not None]
    assert all(m.is_one for m in known), [str(m) for m in known]


