"""Few lines that make much of little: what is looked at does not double with each of them."""

from __future__ import annotations

from textwrap import indent

import pytest

from attnlint import Configuration, lint_source
from attnlint.graph.scalars import Monomial, Symbol
from attnlint.syntax.limits import MAX_WEIGHT
from attnlint.syntax.weight import is_heavy, weight

EVERYTHING = Configuration({"select": ["ATN"], "preview": True, "time-limit": 20}, isolated=True)
"""With a limit that is an error: none of these takes a second."""
ATTEND = """\
import torch
import torch.nn.functional as F


def attend(q, k, v, m, n):
{}
"""
USES = {
    "a factor": "return ((q @ k.mT) / n).softmax(-1) @ v",
    "a mask": "return (q @ k.mT).masked_fill(m, -n).softmax(-1) @ v",
    "an added mask": "return (q @ k.mT / 8 + m).softmax(-1) @ v",
    "scores": "return s.softmax(-1) @ v",
    "weights": "return w @ v",
    "sizes": "return (q @ k.mT).view(-1, n, n).softmax(-1) @ v.view(-1, n, n)",
    "queries": "return (q @ k.mT / 8).softmax(-1) @ v",
    "numbers": "return F.scaled_dot_product_attention(q, k, v, attn_mask=m, scale=n)",
}
DOUBLING = [
    "n = n * n", "n = n + n", "n = n / n", "n = -n - n", "n = [n, n]", "n = n, n", "n = max(n, n)", "m = m & m",
    "m = m == m", "m = m * m", "m = torch.where(m, m, m)", "m = torch.cat([m, m], -1)", "s = s + s", "s = s * s",
    "s = torch.where(m, s, s)", "s = torch.cat([s, s], -1)", "w = w + w", "w = torch.where(m, w, w)",
    "q = q.view(q.size(0) * q.size(1), q.size(1) * q.size(0))", "q = q.view(-1, q.size(0) * q.size(0))", "q = q + q",
    "q = torch.cat([q, q])",
]  # fmt: skip


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("line", DOUBLING)
def test_a_value_that_is_made_of_itself_twice(line: str, use: str) -> None:
    lines = ["s = q @ k.mT / 8", "w = s.softmax(-1)", *[line] * 60, USES[use]]
    lint_source(ATTEND.format(indent("\n".join(lines), "    ")), "a.py", config=EVERYTHING)


@pytest.mark.parametrize(
    ("begin", "line"),
    [
        ("x = [q]", "x.extend(x)"),
        ("x = [q]", "x = x + x"),
        ("x = (q,)", "x = (*x, *x)"),
        ("x = {'a': q}", "x = {**x, 'b': x}"),
        ("x = 'b'", "x = x + x"),
        ("x = 'b'", "x = f'{x}{x}'"),
        ("x = 3", "x = x * x"),
        ("x = 3", "x = x**x"),
    ],
)
def test_a_container_that_holds_itself_twice(begin: str, line: str) -> None:
    lines = [begin, *[line] * 60, "return F.softmax(q @ k.mT / x, -1) @ v"]
    lint_source(ATTEND.format(indent("\n".join(lines), "    ")), "a.py", config=EVERYTHING)


def test_numbers_beyond_all_numbers() -> None:
    for number in ("9" * 400, "1e400", "-" + "9" * 400):
        lint_source(ATTEND.format(f"    return F.softmax(q @ k.mT * {number}, -1) @ v"), "a.py", config=EVERYTHING)


def test_targets_in_great_number() -> None:
    lint_source(f"import torch\n{'a, ' * 200_000}= torch.softmax(x, -1)\n", "a.py", config=EVERYTHING)


def test_classes_that_derive_from_one_another() -> None:
    text = [
        "import torch\n\n\nclass A0:\n    def attend(self, q, k, v):\n        return torch.softmax(q @ k.mT, -1) @ v\n"
    ]
    for number in range(1, 3000):
        text.append(f"\n\nclass A{number}(A{number - 1}):\n    def f(self, x):\n        return x\n")
    last = "\n\nclass Last(A2999):\n    def forward(self, x):\n        return self.attend(x, x, x)\n"
    found = lint_source("".join([*text, last]), "a.py", config=EVERYTHING)
    assert all(one.code != "ATN004" for one in found)


def test_blocks_of_a_document_in_great_number() -> None:
    lint_source("```python\nimport torch\n```\n" * 20_000 + "torch.softmax(x)\n", "a.md", config=EVERYTHING)


# -- brackets


def call(width: int, depth: int) -> str:
    return "f(" * depth + "x, " * width + "x" + ")" * depth


@pytest.mark.parametrize(
    "code",
    [call(10_000, 90), call(10_000, 90).replace("(", "[").replace(")", "]"), "[" + (call(1, 150) + ", ") * 100 + "]"],
)
def test_code_for_which_the_parser_needs_gigabytes(code: str) -> None:
    found = lint_source(ATTEND.format(f"    s = {code}\n    return F.softmax(q @ k.mT, -1) @ v"), "a.py")
    assert [(one.code, "holds too much code in nested brackets" in one.message) for one in found] == [("ATN004", True)]


def test_brackets_in_strings() -> None:
    strings = '"(((((((((((((((((((", ' * 2_000
    assert weight(strings) > MAX_WEIGHT
    assert not is_heavy(f"x = [{strings}]  # {'((' * 100}\n")
    assert is_heavy(f"x = [{strings}] + {call(10_000, 90)}")
    assert is_heavy(call(10_000, 90).replace("x", "'" + ")" * 90 + "'", 1))
    for prefix in ("f", "F", "rf", "fR"):
        assert is_heavy(f"x = {prefix}'{{{call(10_000, 90)}}}'")
        assert not is_heavy(f"x = {prefix[:-1].replace('f', '')}'{{{call(10_000, 90)}}}'")


def test_what_people_write_is_light() -> None:
    rows = "    [" + "0.25, " * 1000 + "],\n"
    assert not is_heavy(f"TABLE = (\n{rows * 40})\n")


def test_the_weight_of_a_text() -> None:
    assert weight("") == weight("abc") == 0
    assert weight("x(abc)y") == len("abc")
    assert weight("(a(bcd)ef)") == len("a") + 2 * len("bcd") + len("ef")
    assert weight("[{()}, 1]") == len(", 1")


def test_powers_have_an_end() -> None:
    from attnlint.graph.scalars import _bounded

    symbol = Monomial.of(Symbol("n", None))  # type: ignore[arg-type]
    assert _bounded(symbol) == symbol
    assert _bounded(symbol.to(64)) is not None
    assert _bounded(symbol.to(65)) is None
    assert _bounded(symbol.to(-65)) is None
    assert _bounded(Monomial.number(float("inf"))) is None
