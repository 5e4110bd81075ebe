"""Fingerprints: what they outlive, what they tell apart."""

from __future__ import annotations

from dataclasses import replace
from textwrap import indent

import pytest
from format_support import at
from hypothesis import given
from hypothesis import strategies as st
from test_cli import BUGGY

from attnlint import lint_source
from attnlint.diagnostics import Diagnostic, Span
from attnlint.fingerprints import digest, fingerprint, fingerprints, fingerprints_of_all
from attnlint.rule import discover
from attnlint.syntax.text import split_lines


def known(text: str, path: str = "m.py") -> dict[str, str]:
    """The fingerprint of each code that is found in a source."""
    found = lint_source(text, path)
    return {one.code: mark for one, mark in zip(found, fingerprints(found, {None: split_lines(text)}), strict=True)}


def marks(text: str, *found: Diagnostic) -> list[str]:
    return fingerprints(found, {None: split_lines(text)})


USUAL = known(BUGGY)


def test_both_findings_have_one() -> None:
    assert list(USUAL) == ["ATN204", "ATN101"]
    assert len(set(USUAL.values())) == 2
    assert all(len(mark) == 32 and set(mark) <= set("0123456789abcdef") for mark in USUAL.values())


HEADER = "import torch\n\n\n"
BODY = BUGGY.removeprefix(HEADER)


@pytest.mark.parametrize(
    "text",
    [
        HEADER + "# a comment\nX = 1\n\n\n" + BODY,
        HEADER + BODY.replace("\ndef attend_all", "\nX = 1\n\n\ndef attend_all"),
        HEADER + BODY.replace("(-2,-1)", "( -2, -1 )").replace("mask == 0", "mask==0"),
        "".join(f"{line}  # so\n" if line else "\n" for line in BUGGY.splitlines()),
        BUGGY.replace("\n", "\r\n"),
        HEADER + "if torch.cuda.is_available():\n" + indent(BODY, "    "),
    ],
    ids=["lines above", "lines between", "white space", "comments", "line ends", "indent"],
)
def test_they_stay(text: str) -> None:
    assert text != BUGGY
    assert known(text) == USUAL


def test_they_stay_in_another_file_and_with_another_message() -> None:
    assert known(BUGGY, "other.py") == USUAL
    found = at(Span(1, 1, 1, 4))
    assert marks("a = b\n", found) == marks("a = b\n", replace(found, message="said otherwise", related=()))


def test_they_change_with_the_code_of_the_rule_and_the_text() -> None:
    found = at(Span(1, 5, 1, 6))
    (usual,) = marks("a = b\n", found)
    assert marks("c = b\n", found) == [usual]
    assert marks("a = c\n", found) != [usual]
    assert marks("a = b\n", at(Span(1, 1, 1, 2))) != [usual]
    assert marks("a = b\n", replace(found, code="ATN101")) != [usual]


def test_they_change_with_the_definition_around() -> None:
    renamed = known(BUGGY.replace("def attend(", "def attended("))
    assert {code: mark == USUAL[code] for code, mark in renamed.items()} == {"ATN204": False, "ATN101": True}


def test_the_first_has_the_one_that_baselines_hold() -> None:
    masked = '    scores.masked_fill(mask == 0, float("-inf"))\n'
    first, second = lint_source(BUGGY.replace(masked, masked * 2), rules=[discover()["ATN204"]])
    assert fingerprints([first, second], {})[0] == fingerprint(first) == fingerprint(second)


def test_equal_findings_are_counted_from_above() -> None:
    text = "f(x)\nf(x)\ng()\nf(x)\n"
    one, two, three = (at(Span(line, 1, line, 5)) for line in (1, 2, 4))
    in_order = marks(text, one, two, three)
    assert len(set(in_order)) == 3
    assert marks(text, three, one, two) == [in_order[2], in_order[0], in_order[1]]
    assert marks("f(x)\n", one) == in_order[:1]
    assert marks("f(x); f(x)\n", at(Span(1, 1, 1, 5)), at(Span(1, 7, 1, 11))) == in_order[:2]


def test_a_source_that_cannot_be_read_again_still_has_distinct_ones() -> None:
    assert len(set(marks("", at(Span(5, 1, 5, 3)), at(Span(9, 1, 9, 3))))) == 2


def test_many_files_are_marked_as_each_alone() -> None:
    sources = {"a.py": "f(x)\nf(x)\n", "b.py": "f(x)\ng(y)\n"}
    asked: list[str] = []

    def lines(path: str, cell: int | None) -> tuple[str, ...]:
        assert cell is None
        asked.append(path)
        return split_lines(sources[path])

    found = [at(Span(line, 1, line, 5), path=path) for line in (2, 1) for path in ("b.py", "a.py")]
    together = fingerprints_of_all(found, lines)
    assert sorted(asked) == ["a.py", "b.py"]
    for path, text in sources.items():
        of_file = [(one, mark) for one, mark in zip(found, together, strict=True) if one.path == path]
        assert marks(text, *(one for one, _ in of_file)) == [mark for _, mark in of_file]
    assert together[2] == together[3]


def test_those_in_notebooks_stay_when_cells_are_put_before_them() -> None:
    cells = {2: "x = 1\nf(x)\n", 5: "f(x)\n"}
    asked: list[tuple[str, int | None]] = []

    def lines(path: str, cell: int | None) -> tuple[str, ...]:
        asked.append((path, cell))
        return split_lines(cells[cell or 0])

    found = [at(Span(2, 1, 2, 5), path="a.ipynb", cell=2), at(Span(1, 1, 1, 5), path="a.ipynb", cell=5)]
    together = fingerprints_of_all([found[1], *found], lines)
    assert sorted(asked) == [("a.ipynb", 2), ("a.ipynb", 5)]
    assert together[1] == marks("f(x)\n", at(Span(1, 1, 1, 5)))[0]
    assert together[1] not in (together[0], together[2])


def test_parts_of_a_digest_do_not_run_together() -> None:
    assert digest("ab", "c") != digest("a", "bc") != digest("abc")
    assert len(digest("\ud800")) == 32


@given(
    above=st.lists(st.sampled_from(["", "x = 1", "    # f(x)", "'''注意'''"]), max_size=5),
    below=st.lists(st.sampled_from(["", "g()", "f(x, 1)"]), max_size=5),
    margin=st.sampled_from(["", "    ", "\t"]),
)
def test_lines_around_and_indents_never_matter(above: list[str], below: list[str], margin: str) -> None:
    text = "".join(f"{line}\n" for line in [*above, f"{margin}y = f(x)", *below])
    line, column = len(above) + 1, len(margin) + 5
    assert marks(text, at(Span(line, column, line, column + 4))) == marks("y = f(x)\n", at(Span(1, 5, 1, 9)))
