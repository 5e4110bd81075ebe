"""The output formats of other programs: what they hold, by their schemas, and what must not get into them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from format_support import SCALE, SOURCE, at, render, valid_gitlab, valid_junit, valid_rdjson, valid_sarif
from hypothesis import given
from hypothesis import strategies as st

from attnlint import __version__, lint_source
from attnlint.diagnostics import Diagnostic, Edit, Fix, Problem, Severity, Span, Tier
from attnlint.output import formats
from attnlint.pages import markdown, page_of
from attnlint.rule import discover
from attnlint.syntax.edits import edited
from attnlint.syntax.text import SourceText, split_lines

CHECKOUT = Path(__file__).parent.parent
VALID: dict[str, Callable[[str], Any]] = {
    "gitlab": valid_gitlab,
    "junit": valid_junit,
    "rdjson": valid_rdjson,
    "sarif": valid_sarif,
}
HERE = Span(1, 1, 1, 4)
"""`def` of the source."""

every_severity = pytest.mark.parametrize("severity", Severity)


@pytest.fixture(autouse=True)
def outside_of_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI_PROJECT_DIR", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)


def results(*found: Diagnostic, **more: Any) -> Any:
    return valid_sarif(render("sarif", *found, **more))["runs"][0]["results"]


class TestSarif:
    def test_a_result(self) -> None:
        (result,) = results(SCALE)
        assert (fingerprint := result.pop("partialFingerprints").pop("attnlint/v1"))
        assert re.fullmatch("[0-9a-f]{32}", fingerprint)
        artifact = {"uri": "m.py", "uriBaseId": "%SRCROOT%"}
        region = {"startLine": 2, "startColumn": 14, "endLine": 2, "endColumn": 37}
        assert result == {
            "ruleId": "ATN101",
            "ruleIndex": 0,
            "level": "error",
            "message": {"text": SCALE.message},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": artifact,
                        "region": {**region, "snippet": {"text": "q @ k.transpose(-2, -1)"}},
                    }
                }
            ],
            "relatedLocations": [
                {
                    "id": 1,
                    "physicalLocation": {
                        "artifactLocation": artifact,
                        "region": {"startLine": 3, "startColumn": 12, "endLine": 3, "endColumn": 30},
                    },
                    "message": {"text": "softmax is taken here"},
                }
            ],
            "fixes": [
                {
                    "description": {"text": "divide by √head_dim"},
                    "artifactChanges": [
                        {
                            "artifactLocation": artifact,
                            "replacements": [{"deletedRegion": region, "insertedContent": {"text": "(q @ k.mT) / 8"}}],
                        }
                    ],
                    "properties": {"tier": "unsafe"},
                }
            ],
        }

    def test_a_source_that_cannot_be_read_again_has_no_snippet(self) -> None:
        (result,) = results(SCALE, source="")
        assert "snippet" not in result["locations"][0]["physicalLocation"]["region"]

    def test_the_run(self) -> None:
        (run,) = valid_sarif(render("sarif", SCALE))["runs"]
        assert run["columnKind"] == "unicodeCodePoints"
        assert (run["tool"]["driver"]["name"], run["tool"]["driver"]["version"]) == ("attnlint", __version__)
        assert "uri" not in run["originalUriBaseIds"]["%SRCROOT%"]
        assert run["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]

    def test_rules_bring_their_pages_once(self) -> None:
        found = (at(HERE), SCALE, at(Span(2, 1, 2, 2)))
        (run,) = valid_sarif(render("sarif", *found))["runs"]
        first, second = run["tool"]["driver"]["rules"]
        assert [result["ruleIndex"] for result in run["results"]] == [1, 0, 1]
        assert (first["id"], second["id"]) == ("ATN101", "ATN204")
        rule = discover()["ATN101"]
        assert first["helpUri"] == SCALE.url
        assert first["shortDescription"]["text"] == rule.summary()
        assert first["help"]["markdown"] == "\n".join(markdown(page_of(rule)))
        assert first["defaultConfiguration"]["level"] == "error"

    def test_every_rule_has_a_valid_descriptor_that_code_scanning_shows_whole(self) -> None:
        found = (at(HERE, code=code, name=rule.name, url=rule.url()) for code, rule in discover().items())
        rules = valid_sarif(render("sarif", *found))["runs"][0]["tool"]["driver"]["rules"]
        assert [rule["id"] for rule in rules] == list(discover())
        for rule in rules:
            assert 20 < len(rule["shortDescription"]["text"]) <= 1024
            assert len(rule["shortDescription"]["text"]) <= len(rule["fullDescription"]["text"]) <= 1024
            assert "**" not in rule["help"]["text"]

    def test_a_rule_that_is_not_installed_is_named(self) -> None:
        (run,) = valid_sarif(render("sarif", at(HERE, code="MINE1", name="my-rule")))["runs"]
        assert run["tool"]["driver"]["rules"] == [{"id": "MINE1", "name": "my-rule"}]

    @every_severity
    def test_levels(self, severity: Severity) -> None:
        (result,) = results(at(HERE, severity=severity))
        assert result["level"] == {"error": "error", "warning": "warning", "performance": "note"}[severity.value]

    def test_problems_are_notifications_and_the_run_failed(self) -> None:
        problems = [Problem("a b.py", 3, "is not [Python](x) {0}"), Problem("gone.py", None, "no such file")]
        ((invocation,),) = [run["invocations"] for run in valid_sarif(render("sarif", problems=problems))["runs"]]
        assert invocation["executionSuccessful"] is False
        first, second = invocation["toolExecutionNotifications"]
        assert first["message"]["text"] == "is not [Python] (x) {{0}}"
        place = {"artifactLocation": {"uri": "a%20b.py", "uriBaseId": "%SRCROOT%"}, "region": {"startLine": 3}}
        assert first["locations"] == [{"physicalLocation": place}]
        assert "region" not in second["locations"][0]["physicalLocation"]
        assert {first["level"], second["level"]} == {"error"}

    def test_no_text_of_the_code_becomes_a_link_or_a_placeholder(self) -> None:
        (result,) = results(at(HERE, message='"[all is well](https://evil.example)" and {0}'))
        assert result["message"]["text"] == '"[all is well] (https://evil.example)" and {{0}}'

    def test_places_outside_of_the_folder_are_absolute(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        inside = tmp_path / "in"
        inside.mkdir()
        monkeypatch.chdir(inside)
        paths = ["./x.py", "a/../x.py", str(inside / "x.py"), "../y z.py", str(tmp_path / "y z.py"), "..x.py"]
        places = [one["locations"][0]["physicalLocation"]["artifactLocation"] for one in results(*at_paths(paths))]
        x, y = {"uri": "x.py", "uriBaseId": "%SRCROOT%"}, {"uri": (tmp_path / "y z.py").as_uri()}
        assert places == [x, x, x, y, y, {"uri": "..x.py", "uriBaseId": "%SRCROOT%"}]

    def test_it_says_the_same_in_any_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        logs = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            monkeypatch.chdir(tmp_path / name)
            logs.append(render("sarif", SCALE, problems=[Problem("gone.py", None, "no such file")]))
        assert logs[0] == logs[1]


def at_paths(paths: list[str]) -> list[Diagnostic]:
    return [at(HERE, path=path) for path in paths]


class TestGitlab:
    def test_an_issue(self) -> None:
        (issue,) = valid_gitlab(render("gitlab", SCALE))
        assert len(issue.pop("fingerprint")) == 32
        assert issue == {
            "description": f"ATN101 missing-scale: {SCALE.message}",
            "check_name": "ATN101",
            "severity": "critical",
            "location": {
                "path": "m.py",
                "positions": {"begin": {"line": 2, "column": 14}, "end": {"line": 2, "column": 37}},
            },
        }

    @every_severity
    def test_severities(self, severity: Severity) -> None:
        (issue,) = valid_gitlab(render("gitlab", at(HERE, severity=severity)))
        assert issue["severity"] == {"error": "critical", "warning": "major", "performance": "minor"}[severity.value]

    def test_equal_findings_in_one_file_and_in_two_have_fingerprints_of_their_own(self) -> None:
        same = "x = f(y)\nx = f(y)\n"
        found = [at(Span(line, 5, line, 9), path=path) for path in ("a.py", "b.py") for line in (1, 2)]
        assert len(valid_gitlab(render("gitlab", *found, source=same))) == 4

    def test_paths_begin_at_the_root_of_the_project(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "sub").mkdir()
        monkeypatch.chdir(tmp_path / "sub")
        monkeypatch.setenv("CI_PROJECT_DIR", str(tmp_path))
        paths = [
            issue["location"]["path"] for issue in valid_gitlab(render("gitlab", *at_paths(["./x.py", "../y.py"])))
        ]
        assert paths == ["sub/x.py", "y.py"]


def test_github_paths_begin_at_the_root_of_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert render("github", *at_paths(["./x.py"])).startswith("::warning file=x.py,")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert render("github", *at_paths(["./x.py"])).startswith("::warning file=sub/x.py,")


class TestRdjson:
    def test_a_diagnostic(self) -> None:
        result = valid_rdjson(render("rdjson", SCALE))
        place = {"start": {"line": 2, "column": 14}, "end": {"line": 2, "column": 37}}
        assert result["source"]["name"] == "attnlint"
        assert result["diagnostics"] == [
            {
                "message": f"missing-scale: {SCALE.message}",
                "location": {"path": "m.py", "range": place},
                "severity": "ERROR",
                "code": {"value": "ATN101", "url": "https://example.org/ATN101"},
                "suggestions": [{"range": place, "text": "(q @ k.mT) / 8"}],
                "related_locations": [
                    {
                        "message": "softmax is taken here",
                        "location": {
                            "path": "m.py",
                            "range": {"start": {"line": 3, "column": 12}, "end": {"line": 3, "column": 30}},
                        },
                    }
                ],
            }
        ]

    @every_severity
    def test_severities(self, severity: Severity) -> None:
        (found,) = valid_rdjson(render("rdjson", at(HERE, severity=severity)))["diagnostics"]
        assert found["severity"] == {"error": "ERROR", "warning": "WARNING", "performance": "INFO"}[severity.value]

    def test_columns_are_bytes(self) -> None:
        column = SOURCE.splitlines()[2].index("here") + 1
        (found,) = valid_rdjson(render("rdjson", at(Span(3, column, 3, column + 4))))["diagnostics"]
        start, end = (found["location"]["range"][which]["column"] for which in ("start", "end"))
        assert SOURCE.splitlines()[2].encode()[start - 1 : end - 1] == b"here"
        assert start != column

    def test_places_that_the_source_does_not_have_keep_their_columns(self) -> None:
        (found,) = valid_rdjson(render("rdjson", at(Span(99, 7, 99, 9))))["diagnostics"]
        assert found["location"]["range"] == {"start": {"line": 99, "column": 7}, "end": {"line": 99, "column": 9}}


class TestJunit:
    def test_a_suite_a_file_and_a_case_a_finding(self) -> None:
        root = valid_junit(render("junit", at(HERE, path="a.py"), SCALE, at(HERE), at(Span(2, 1, 2, 2))))
        assert {name: root.get(name) for name in ("tests", "failures", "errors")} == {
            "tests": "4",
            "failures": "4",
            "errors": "0",
        }
        assert [(suite.get("name"), suite.get("tests")) for suite in root] == [("a.py", "1"), ("m.py", "3")]
        assert [(case.get("classname"), case.get("name")) for case in root.iter("testcase")] == [
            ("a.py", "ATN204 discarded-mask"),
            ("m.py", "ATN101 missing-scale"),
            ("m.py", "ATN204 discarded-mask"),
            ("m.py", "ATN204 discarded-mask (2)"),
        ]
        failure = root[1][0].find("failure")
        assert failure is not None
        assert (failure.get("type"), failure.get("message")) == ("error", SCALE.message)
        assert failure.text == f"m.py:2:14: ATN101 {SCALE.message}\nhttps://example.org/ATN101"

    def test_where_nothing_was_found_one_test_passed(self) -> None:
        root = valid_junit(render("junit"))
        assert [(case.get("name"), list(case)) for case in root.iter("testcase")] == [("nothing found", [])]
        assert (root.get("tests"), root.get("failures")) == ("1", "0")

    def test_a_problem_fails(self) -> None:
        root = valid_junit(render("junit", problems=[Problem("x.py", 3, "is not Python")]))
        (failure,) = root.iter("failure")
        assert (failure.get("type"), failure.text) == ("problem", "x.py:3: is not Python")


# What fixes are in the formats that hold them

FIXED = ("discarded_mask", "missing_scale", "half_power_precedence", "mask_not_buffer", "deprecated_sdp_kernel")


def fixable(name: str) -> tuple[SourceText, list[Diagnostic]]:
    path = CHECKOUT / "fixtures" / f"{name}.py"
    source = SourceText.from_bytes("m.py", path.read_bytes())
    found = [one for one in lint_source(source.data, "m.py") if one.fix is not None and one.fix.edits]
    assert found
    return source, found


def replaced(lines: list[str], changes: list[tuple[dict[str, int], str]]) -> str:
    """Text after changes at SARIF's regions, from the last to the first."""
    starts = [sum(map(len, lines[:line])) for line in range(len(lines) + 1)]
    text = "".join(lines)
    for region, new in sorted(changes, key=lambda change: tuple(change[0].values()), reverse=True):
        begin = starts[region["startLine"] - 1] + region["startColumn"] - 1
        text = text[:begin] + new + text[starts[region["endLine"] - 1] + region["endColumn"] - 1 :]
    return text


@pytest.mark.parametrize("name", FIXED)
def test_replacements_of_sarif_make_the_fix(name: str) -> None:
    source, found = fixable(name)
    for diagnostic, result in zip(found, results(*found, source=source.text), strict=True):
        (change,) = result["fixes"][0]["artifactChanges"]
        changes = [(one["deletedRegion"], one["insertedContent"]["text"]) for one in change["replacements"]]
        assert diagnostic.fix
        assert replaced(list(source.lines), changes).encode() == edited(source, diagnostic.fix.edits)


def suggested(data: bytes, suggestion: dict[str, Any]) -> bytes:
    """The bytes after a suggestion, with columns as reviewdog counts them."""
    lines = data.splitlines(keepends=True)
    place = suggestion["range"]
    begin, end = (sum(map(len, lines[: at["line"] - 1])) + at["column"] - 1 for at in (place["start"], place["end"]))
    new: str = suggestion["text"]
    return data[:begin] + new.encode() + data[end:]


@pytest.mark.parametrize("name", FIXED)
def test_one_suggestion_of_rdjson_makes_the_whole_fix(name: str) -> None:
    source, found = fixable(name)
    reported = valid_rdjson(render("rdjson", *found, source=source.text))["diagnostics"]
    for diagnostic, one in zip(found, reported, strict=True):
        (suggestion,) = one["suggestions"]
        assert diagnostic.fix
        assert suggested(source.data, suggestion) == edited(source, diagnostic.fix.edits)


def test_a_suggestion_keeps_the_text_between_edits_and_counts_bytes() -> None:
    source = SourceText.from_bytes("m.py", "'注意'; a; b\nc; '🙂'; d\n".encode())
    edits = (Edit(Span(2, 9, 2, 10), "D"), Edit(Span(1, 7, 1, 8), "AA"), Edit(Span(2, 1, 2, 1), "x"))
    found = at(HERE, fix=Fix("all", Tier.SAFE, edits))
    ((suggestion,),) = [
        one["suggestions"] for one in valid_rdjson(render("rdjson", found, source=source.text))["diagnostics"]
    ]
    assert suggested(source.data, suggestion) == edited(source, edits) == "'注意'; AA; b\nxc; '🙂'; D\n".encode()


def test_a_fix_without_edits_is_none() -> None:
    advice = at(HERE, fix=Fix("do it by hand", Tier.MANUAL, ()))
    assert "fixes" not in results(advice)[0]
    assert "suggestions" not in valid_rdjson(render("rdjson", advice))["diagnostics"][0]


# What must not get into them

HOSTILE = [
    "a\nb.py",
    "a\r\n::error file=x::gone.py",
    "::error file=x::gone.py",
    "##vso[task.complete]x.py",
    " \u3000::error file=x::gone.py",
    "a ##[add-mask]b.py",
    "a##vso[task.complete]b.py",
    "100%0A%25.py",
    "\x1b[31mred\x07.py",
    "caf\udce9.py",
    "\ud800.py",
    "a]]>b<c>&amp;'\".py",
    "a b:c,d;e.py",
    "[x](y){0}.py",
    "注意🙂.py",
    "\ufffe\uffff.py",
    "\u202egnp.py",
    "\u2028.py",
    "-",
]
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
hostile = pytest.mark.parametrize("evil", HOSTILE, ids=ascii)


def everywhere(evil: str) -> tuple[Diagnostic, Problem]:
    """A finding and a problem with a text in all places that names and sources reach."""
    fix = Fix(evil, Tier.SAFE, (Edit(HERE, evil),))
    return at(HERE, path=evil, message=evil, fix=fix), Problem(evil, 1, evil)


@hostile
@pytest.mark.parametrize("name", formats())
def test_no_format_lets_anything_through(name: str, evil: str) -> None:
    found, problem = everywhere(evil)
    text = render(name, found, problems=[problem], source=f"def {evil}")
    text.encode("utf-8")
    assert not CONTROL.search(text)
    assert not [line for line in text.splitlines() if line.lstrip().startswith(("::", "##"))] or name == "github"
    assert not re.search(r"##(\[|vso\[)", text)  # understood anywhere in a line
    if name in VALID:
        VALID[name](text)


@hostile
@pytest.mark.parametrize("name", ["concise", "github", "json-lines"])
def test_a_finding_is_one_line(name: str, evil: str) -> None:
    assert len(render(name, everywhere(evil)[0]).split("\n")) == 2


def read_back(shown: str) -> str:
    """The text that was shown with escapes."""
    escape = r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|[nrt])"
    return re.sub(escape, lambda found: found[0].encode().decode("unicode_escape"), shown)


@hostile
def test_github_reads_back_what_was_said(evil: str) -> None:
    command = re.fullmatch(r"::warning (?P<properties>[^:]*)::(?P<message>.*)\n", render("github", everywhere(evil)[0]))
    assert command
    properties = dict(pair.split("=", 1) for pair in command["properties"].split(","))
    assert list(properties) == ["file", "line", "col", "endLine", "endColumn", "title"]
    for written in (command["message"], properties["file"]):
        said = written.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",")
        assert read_back(said.replace("%25", "%")) == evil


@hostile
def test_sarif_names_the_very_file(evil: str) -> None:
    uri = results(everywhere(evil)[0])[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"[A-Za-z0-9%._~/-]+", uri)
    if evil == "\ud800.py":
        assert unquote_to_bytes(uri) == rb"\ud800.py"  # no file can be called so
    else:
        assert unquote_to_bytes(uri) == os.fsencode(evil)


@hostile
def test_junit_shows_the_names_of_files(evil: str) -> None:
    root = valid_junit(render("junit", everywhere(evil)[0]))
    assert read_back(root[0].get("name", "")).removeprefix("./") == evil
    assert root[0].get("name") == root[0][0].get("classname")


ANY = st.text(
    st.one_of(st.sampled_from("\r\n\t%:,<>&]\x1b\x00\ud800\udcff\ufffe🙂[](){}"), st.characters()), max_size=20
)


@given(evil=ANY, path=ANY.filter(lambda text: text.strip() and "\0" not in text))
def test_any_text_is_valid_in_every_format(evil: str, path: str) -> None:
    found = at(HERE, path=f"x{path}", message=f"x{evil}", fix=Fix(f"x{evil}", Tier.SAFE, (Edit(HERE, evil),)))
    for name, valid in VALID.items():
        valid(render(name, found, problems=[Problem(f"x{path}", None, f"x{evil}")], source=f"def {evil}"))
    (said,) = json.loads(render("json", found))
    (line,) = split_lines(render("json-lines", found))
    assert json.loads(line) == said
    if not re.search("[\ud800-\udfff]", evil + path):
        assert (said["message"], said["path"]) == (f"x{evil}", f"x{path}")
    assert render("github", found).count("\n") == 1
