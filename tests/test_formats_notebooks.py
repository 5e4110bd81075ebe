"""Notebooks in the formats of programs that know lines of files alone: these, and the place in the cell in words."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from format_support import IN_A_CELL, SCALE, render, valid_gitlab, valid_junit, valid_rdjson, valid_sarif

from attnlint.diagnostics import Copy, Span

SAID = f"cell 3:2:14: {SCALE.message}"
NOWHERE = replace(IN_A_CELL, file_line=None, related=())


def test_sarif_has_the_line_of_the_file_and_the_cell() -> None:
    (result,) = valid_sarif(render("sarif", IN_A_CELL))["runs"][0]["results"]
    artifact = {"uri": "m.ipynb", "uriBaseId": "%SRCROOT%"}
    assert result["message"] == {"text": SAID}
    assert result["locations"] == [
        {
            "physicalLocation": {"artifactLocation": artifact, "region": {"startLine": 41}},
            "logicalLocations": [{"name": "cell 3"}],
        }
    ]
    assert result["relatedLocations"] == [
        {
            "id": 1,
            "physicalLocation": {"artifactLocation": artifact, "region": {"startLine": 12}},
            "logicalLocations": [{"name": "cell 1"}],
            "message": {"text": "cell 1:1:5: made here"},
        }
    ]
    assert "fixes" not in result
    (result,) = valid_sarif(render("sarif", NOWHERE))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"] == {"artifactLocation": artifact}


def test_gitlab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI_PROJECT_DIR", raising=False)
    (issue,) = valid_gitlab(render("gitlab", IN_A_CELL))
    assert issue["location"] == {"path": "m.ipynb", "lines": {"begin": 41}}
    assert issue["description"] == f"ATN101 missing-scale: {SAID}"
    (issue,) = valid_gitlab(render("gitlab", NOWHERE))
    assert issue["location"]["lines"] == {"begin": 1}


def test_rdjson() -> None:
    (found,) = valid_rdjson(render("rdjson", IN_A_CELL))["diagnostics"]
    assert found["location"] == {"path": "m.ipynb", "range": {"start": {"line": 41}}}
    assert found["message"] == f"missing-scale: {SAID}"
    assert found["related_locations"] == [
        {"message": "cell 1:1:5: made here", "location": {"path": "m.ipynb", "range": {"start": {"line": 12}}}}
    ]
    assert "suggestions" not in found
    (found,) = valid_rdjson(render("rdjson", NOWHERE))["diagnostics"]
    assert found["location"] == {"path": "m.ipynb"}


def test_junit_is_read_by_people() -> None:
    (failure,) = valid_junit(render("junit", IN_A_CELL)).iter("failure")
    assert failure.text.startswith("m.ipynb:cell 3:2:14: ATN101 ")


def test_json_lines_have_the_cell() -> None:
    found = json.loads(render("json-lines", IN_A_CELL))
    assert (found["cell"], found["line"], found["related"][0]["cell"]) == (3, 2, 1)


def test_copies_have_their_cells() -> None:
    found = replace(IN_A_CELL, related=(), copies=(Copy("n.ipynb", Span(4, 5, 4, 9), 7, 90),))
    (copy,) = json.loads(render("json", found))[0]["copies"]
    assert copy == {"path": "n.ipynb", "cell": 7, "line": 4, "column": 5}
    assert render("concise", found).endswith("(also in 1 generated copy: n.ipynb:cell 7:4)\n")
    (related,) = valid_sarif(render("sarif", found))["runs"][0]["results"][0]["relatedLocations"]
    assert related["logicalLocations"] == [{"name": "cell 7"}]
    assert related["physicalLocation"]["region"] == {"startLine": 90}
