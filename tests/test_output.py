"""The output formats for people and editors: frames, one-line findings, JSON and GitHub annotations."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest
from format_support import IN_A_CELL, SCALE, at, render
from hypothesis import given
from hypothesis import strategies as st

from attnlint.diagnostics import Problem, Related, Severity, Span
from attnlint.output import View, formats, renderer
from attnlint.output._terminal import visible, width
from attnlint.runs import Report

ESCAPE = "\x1b"
PLACE = {name: {"type": "integer", "minimum": 1} for name in ("line", "column", "end_line", "end_column")}
CELL = {"type": ["integer", "null"], "minimum": 1}
OBJECT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["code", "name", "severity", "path", "cell", "message", "url", "fix", "related", "copies"],
    "properties": {
        "code": {"type": "string", "pattern": "^ATN[0-9]{3}$"},
        "name": {"type": "string", "pattern": "^[a-z0-9-]+$"},
        "severity": {"enum": ["error", "warning", "performance"]},
        "path": {"type": "string"},
        "cell": CELL,
        "message": {"type": "string"},
        "url": {"type": "string"},
        **PLACE,
        "fix": {
            "type": ["object", "null"],
            "additionalProperties": False,
            "required": ["title", "tier", "edits"],
            "properties": {
                "title": {"type": "string"},
                "tier": {"enum": ["safe", "unsafe", "manual"]},
                "edits": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["cell", "line", "column", "end_line", "end_column", "replacement"],
                        "properties": {
                            "cell": CELL,
                            **PLACE,
                            "replacement": {"type": "string"},
                        },
                    },
                },
            },
        },
        "related": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["path", "cell", "line", "column", "message"],
                "properties": {
                    "path": {"type": "string"},
                    "cell": CELL,
                    "line": {"type": "integer"},
                    "column": {"type": "integer"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
OBJECT["properties"]["copies"] = {  # type: ignore[index]
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["path", "cell", "line", "column"],
        "properties": {
            "path": {"type": "string"},
            "cell": CELL,
            "line": {"type": "integer"},
            "column": {"type": "integer"},
        },
    },
}
SCHEMA = {"type": "array", "items": OBJECT}


def test_every_module_is_a_format() -> None:
    assert formats() == [
        "concise",
        "full",
        "github",
        "gitlab",
        "grouped",
        "json",
        "json-lines",
        "junit",
        "rdjson",
        "sarif",
    ]


def test_full_shows_the_frame_the_evidence_and_the_way_out() -> None:
    assert render("full", SCALE) == (
        "error[ATN101] missing-scale: `q @ k.transpose(-2, -1)` reaches softmax unscaled\n"
        " --> m.py:2:14\n"
        "  |\n"
        "1 | def attend(q, k, v):\n"
        "2 |     scores = q @ k.transpose(-2, -1)\n"
        "  |              ^^^^^^^^^^^^^^^^^^^^^^^\n"
        "3 |     weights = scores.softmax(-1)  # 注意 🙂 here\n"
        "  |\n"
        " --> m.py:3:12 softmax is taken here\n"
        "  |\n"
        "3 |     weights = scores.softmax(-1)  # 注意 🙂 here\n"
        "  |               ------------------\n"
        "  = help: divide by √head_dim (unsafe fix)\n"
        "  = more: attnlint rule ATN101\n"
        "\n"
        "Found 1 error in 1 file; 3 files checked.\n"
        "1 fixable with --fix --unsafe-fixes.\n"
    )


def marks(source: str, span: Span) -> tuple[str, int, int]:
    """The framed line, and the terminal columns at which its marks begin and end."""
    rows = render("full", at(span), source=source).splitlines()
    index = next(number for number, row in enumerate(rows) if "^" in row)
    start = rows[index].index("^")
    return rows[index - 1], start, rows[index].rindex("^") + 1


@pytest.mark.parametrize(
    "before", ["", "\t", "注意", "🙂", "👩\u200d💻", "❤\ufe0f", "👍🏽", "e\u0301", "\u200b", "\x1b[31m"]
)
def test_marks_stand_under_the_span(before: str) -> None:
    line = f"a = '{before}', x.T"
    column = line.index("x.T") + 1
    row, start, end = marks(line + "\n", Span(1, column, 1, column + 3))
    assert start == width(row[: row.index("x.T")])
    assert end - start == 3


def test_widths() -> None:
    assert [width(text) for text in ["ab", "注意", "🙂", "👩\u200d💻", "❤\ufe0f", "👍🏽", "e\u0301"]] == [
        2,
        4,
        2,
        2,
        2,
        2,
        1,
    ]


def test_a_span_of_many_lines_is_shortened() -> None:
    source = "".join(f"    line_{number}\n" for number in range(1, 21))
    text = render("full", at(Span(2, 5, 19, 9)), source=source)
    assert "line_5" in text
    assert "line_19" in text
    assert "line_12" not in text
    assert "⋮" in text
    assert "line_20\n" in text


def test_a_long_line_is_cut_about_the_span() -> None:
    line = "x" * 5000 + "FOUND" + "y" * 5000
    row, start, end = marks(line, Span(1, 5001, 1, 5006))
    assert len(row) < 200
    assert row[start:end] == "FOUND"


def test_an_empty_span_and_one_past_the_end_still_draw() -> None:
    assert "^" in render("full", at(Span(2, 5, 2, 5)))
    assert "gone" in render("full", at(Span(99, 1, 99, 2)))
    assert "gone" in render("full", at(Span(2, 999, 4, 999)))


def test_the_summary_counts() -> None:
    three = (SCALE, at(Span(1, 1, 1, 4)), at(Span(1, 1, 1, 4), path="n.py", severity=Severity.PERFORMANCE))
    assert render("full", *three).endswith(
        "Found 1 error, 1 warning, 1 performance finding in 2 files; 3 files checked.\n"
        "1 fixable with --fix --unsafe-fixes.\n"
    )
    assert render("full") == "Nothing found: 3 files checked.\n"
    failed = render("full", problems=[Problem("x.py", 1, "bad")])
    assert failed == "Nothing found: 3 files checked; 1 problem on standard error.\n"


def test_colour_only_where_it_is_wanted() -> None:
    for name in formats():
        assert ESCAPE not in render(name, SCALE)
    colored = render("full", SCALE, color=True)
    assert ESCAPE in colored
    for code in ("1", "31", "34", "36", "0"):
        colored = colored.replace(f"{ESCAPE}[{code}m", "")
    assert colored == render("full", SCALE)


def test_control_characters_never_reach_a_terminal() -> None:
    evil = f"{ESCAPE}]0;gone\x07\x9b\u202e\x7f"
    found = at(Span(1, 1, 1, 2), path=f"{evil}.py", message=f"{evil}\nmore")
    related = Related(f"{evil}.py", Span(1, 1, 1, 2), evil)
    dangerous = at(Span(1, 1, 1, 2), path=found.path, message=found.message, related=(related,))
    for name in formats():
        text = render(name, dangerous, source=f"x = '{evil}'\n")
        assert not set(evil) - set("]0;gone") & set(text), name
    assert visible(evil) == r"\x1b]0;gone\x07\x9b\u202e\x7f"
    assert visible("\udc80\t") == r"\udc80\t"


NUMBERS = st.integers(1, 12)


@given(
    source=st.text(st.one_of(st.sampled_from("\t\r\n注🙂\u200d\ufe0f\x1b x"), st.characters()), max_size=60),
    numbers=st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS),
)
def test_any_span_of_any_text_is_drawn(source: str, numbers: tuple[int, int, int, int]) -> None:
    line, column, lines, columns = numbers
    text = render("full", at(Span(line, column, line + lines - 1, column + columns)), source=source)
    assert "".join(text.split("\n")) == visible("".join(text.split("\n")))


def test_concise_is_one_line_a_finding() -> None:
    assert render("concise", SCALE, at(Span(1, 2, 3, 4), message="two\nlines")) == (
        "m.py:2:14: ATN101 `q @ k.transpose(-2, -1)` reaches softmax unscaled\nm.py:1:2: ATN204 two lines\n"
    )
    assert render("concise") == ""


def test_json_follows_its_schema() -> None:
    found = json.loads(render("json", SCALE, at(Span(1, 2, 3, 4))))
    jsonschema.validate(found, SCHEMA)
    assert found[0] == {
        "code": "ATN101",
        "name": "missing-scale",
        "severity": "error",
        "path": "m.py",
        "cell": None,
        "line": 2,
        "column": 14,
        "end_line": 2,
        "end_column": 37,
        "message": SCALE.message,
        "url": SCALE.url,
        "fix": {
            "title": "divide by √head_dim",
            "tier": "unsafe",
            "edits": [
                {
                    "cell": None,
                    "line": 2,
                    "column": 14,
                    "end_line": 2,
                    "end_column": 37,
                    "replacement": "(q @ k.mT) / 8",
                }
            ],
        },
        "related": [{"path": "m.py", "cell": None, "line": 3, "column": 12, "message": "softmax is taken here"}],
        "copies": [],
    }
    assert found[1]["fix"] is None
    assert json.loads(render("json")) == []


def test_json_lines_are_the_objects_of_json() -> None:
    found = (SCALE, at(Span(1, 2, 3, 4), message="two\nlines"))
    lines = render("json-lines", *found).splitlines()
    assert [json.loads(line) for line in lines] == json.loads(render("json", *found))
    assert render("json-lines") == ""


def test_grouped_has_the_findings_of_each_file_under_its_name() -> None:
    found = (at(Span(1, 2, 3, 4), path="a.py", message="two\nlines"), SCALE, at(Span(30, 10, 30, 12)))
    assert render("grouped", *found) == (
        "a.py\n"
        "  1:2  ATN204 discarded-mask: two lines\n"
        "\n"
        "m.py\n"
        "  2:14   ATN101 missing-scale: `q @ k.transpose(-2, -1)` reaches softmax unscaled\n"
        "  30:10  ATN204 discarded-mask: gone\n"
        "\n"
        "Found 1 error, 2 warnings in 2 files; 3 files checked.\n"
        "1 fixable with --fix --unsafe-fixes.\n"
    )
    assert render("grouped") == "Nothing found: 3 files checked.\n"


@pytest.mark.parametrize("name", ["full", "grouped"])
def test_quiet_leaves_out_the_summary_alone(name: str) -> None:
    assert render(name, quiet=True) == ""
    loud = render(name, SCALE)
    assert loud.endswith("1 fixable with --fix --unsafe-fixes.\n")
    assert render(name, SCALE, quiet=True) == "".join(loud.splitlines(keepends=True)[:-2])


def test_places_in_notebooks_have_their_cells() -> None:
    assert render("concise", IN_A_CELL).startswith("m.ipynb:cell 3:2:14: ATN101 ")
    arrows = [line for line in render("full", IN_A_CELL).splitlines() if "-->" in line]
    assert arrows == [" --> m.ipynb:cell 3:2:14", " --> m.ipynb:cell 1:1:5 made here"]
    place, _, said = render("github", IN_A_CELL).removeprefix("::").partition("::")
    assert place == "error file=m.ipynb,line=41,title=ATN101 missing-scale"
    assert said.startswith("cell 3:2:14: `q @ k")
    assert render("github", replace(IN_A_CELL, file_line=None)).startswith("::error file=m.ipynb,title=ATN101 ")
    assert render("grouped", at(Span(2, 1, 2, 2), path="m.ipynb", cell=12), IN_A_CELL).splitlines()[:3] == [
        "m.ipynb",
        "  cell 12:2:1  ATN204 discarded-mask: gone",
        f"  cell 3:2:14  ATN101 missing-scale: {IN_A_CELL.message}",
    ]
    (found,) = json.loads(render("json", IN_A_CELL))
    jsonschema.validate([found], SCHEMA)
    assert (found["cell"], found["fix"]["edits"][0]["cell"], found["related"][0]["cell"]) == (3, 3, 1)


def test_frames_are_drawn_from_the_lines_of_the_cell() -> None:
    lines = {3: ["first\n", "    scores = q @ k\n"], 1: ["here = 1\n"]}
    view = View(lambda path, cell: lines[cell] if cell else [])
    text = "".join(renderer("full")(Report(diagnostics=[IN_A_CELL]), view))
    assert "2 |     scores = q @ k\n" in text
    assert "1 | here = 1\n  |     -\n" in text


def test_findings_are_ordered_by_cell() -> None:
    places = [(None, 9), (1, 5), (3, 2), (3, 4), (12, 1)]
    found = [replace(at(Span(line, 1, line, 2)), cell=cell) for cell, line in places]
    assert sorted([*found[2:], *found[:2]], key=lambda one: one.sort_key) == found


def test_github_escapes_what_its_commands_mean() -> None:
    found = at(Span(1, 2, 1, 4), path="a,b:c%.py", message="50% of\r\nthe: mass, gone")
    assert render("github", found) == (
        "::warning file=a%2Cb%3Ac%25.py,line=1,col=2,endLine=1,endColumn=4,title=ATN204 discarded-mask"
        "::50%25 of%0D%0Athe: mass, gone\n"
    )
    assert render("github", SCALE).startswith("::error file=m.py,line=2,col=14,endLine=2,endColumn=37,title=ATN101 ")
    assert render("github", at(Span(1, 2, 3, 4), severity=Severity.PERFORMANCE)).startswith(
        "::notice file=m.py,line=1,endLine=3,title="
    )
