"""The plugin, in the real flake8, as a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from test_cli import BUGGY, CLEAN

from attnlint import __version__, discover, lint_paths

FOLDER = Path(__file__).parent.parent / "fixtures"
COSTLY = FOLDER / "prefer_sdpa.py"
FIXTURES = sorted(FOLDER.glob("[!_]*.py"))[:8]
MASKED = '"-inf"))'
FOUND = ["buggy.py:6:5: ATN204", "buggy.py:11:14: ATN101"]
LINE = re.compile(r"^(.+?:\d+:\d+: [A-Z]+\d+) ", re.MULTILINE)
RAISING = """\
from attnlint.plugins.flake8 import Checker
from attnlint.rule import Rule, discover


class Raising(Rule):
    \"\"\"A rule that raises.\"\"\"

    code = "ATN999"
    name = "raising"
    triggers = ("softmax",)

    def check_definition(self, graph):
        raise KeyError("heads")


class WithRaising(Checker):
    name = "with-raising"

    @classmethod
    def parse_options(cls, options):
        cls.rules = [Raising, discover()["ATN204"]]
"""


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("buggy.py").write_text(BUGGY, "utf-8")
    Path("clean.py").write_text(CLEAN, "utf-8")


def flake8(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flake8", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.stderr == ""
    return done


def places(*arguments: str, stdin: str | None = None) -> list[str]:
    """The ``path:line:column: CODE`` that flake8 reports, of our codes."""
    return LINE.findall(flake8("--select=ATN", *arguments, stdin=stdin).stdout)


def test_findings_have_our_codes_messages_and_places() -> None:
    done = flake8("--select=ATN", "buggy.py", "clean.py")
    assert LINE.findall(done.stdout) == FOUND
    assert done.returncode == 1
    ours = [f"{one.code} {one.message}" for one in lint_paths("buggy.py").diagnostics]
    assert [line.split(": ", 1)[1] for line in done.stdout.splitlines()] == ours
    assert flake8("--select=ATN", "clean.py").returncode == 0


def test_flake8_names_it() -> None:
    assert f"attnlint: {__version__}" in flake8("--version").stdout


def test_standard_input() -> None:
    assert places("-", stdin=BUGGY) == [place.replace("buggy.py", "stdin") for place in FOUND]
    assert places("--stdin-display-name=buggy.py", "-", stdin=BUGGY) == FOUND


def test_it_runs_beside_other_checks_without_being_selected() -> None:
    found = LINE.findall(flake8("buggy.py").stdout)
    assert set(FOUND) < set(found)
    assert "buggy.py:11:32: E231" in found


class TestOptions:
    def test_select_and_ignore(self) -> None:
        assert places("--extend-ignore=ATN1", "buggy.py") == FOUND[:1]
        assert LINE.findall(flake8("--select=ATN101", "buggy.py").stdout) == FOUND[1:]
        assert LINE.findall(flake8("--select=E", "buggy.py").stdout) == ["buggy.py:11:32: E231"]
        assert places("--per-file-ignores=buggy.py:ATN2", "buggy.py") == FOUND[1:]

    @pytest.mark.parametrize(
        ("options", "reported"),
        [(["--select=ATN9"], True), (["--extend-select=ATN901"], True), (["--select=ATN"], False), ([], False)],
    )
    def test_what_is_off_by_default_is_reported_where_it_is_named(self, options: list[str], reported: bool) -> None:
        assert not discover()["ATN901"].on_by_default
        assert ("ATN901" in flake8(*options, str(COSTLY)).stdout) is reported

    def test_a_configuration_file(self) -> None:
        Path("setup.cfg").write_text("[flake8]\nselect = ATN2\n", "utf-8")
        assert LINE.findall(flake8("buggy.py").stdout) == FOUND[:1]


class TestComments:
    def test_those_of_flake8_are_handled_by_flake8(self) -> None:
        Path("buggy.py").write_text(BUGGY.replace(MASKED, f"{MASKED}  # noqa: ATN204"), "utf-8")
        assert places("buggy.py") == FOUND[1:]
        assert places("--disable-noqa", "buggy.py") == FOUND

    def test_a_statement_of_many_lines(self) -> None:
        """flake8 wants its comment on the line that it reports, we take ours anywhere in the statement."""
        for comment, found in (("noqa: ATN204", FOUND[:1]), ("attnlint: ignore[ATN204]", [])):
            many = BUGGY.replace("mask == 0, ", f"\n        mask == 0,  # {comment}\n        ")
            Path("buggy.py").write_text(many, "utf-8")
            assert places("buggy.py") == [*found, "buggy.py:13:14: ATN101"]

    def test_ours_are_handled_by_us(self) -> None:
        Path("buggy.py").write_text(BUGGY.replace(MASKED, f"{MASKED}  # attnlint: ignore[ATN204]"), "utf-8")
        assert places("buggy.py") == places("--disable-noqa", "buggy.py") == FOUND[1:]
        Path("clean.py").write_text(CLEAN.replace(MASKED, f"{MASKED}  # attnlint: ignore[ATN204]"), "utf-8")
        assert places("clean.py") == ["clean.py:6:79: ATN001"]

    def test_one_of_flake8_that_silences_nothing_is_none_of_our_business(self) -> None:
        Path("clean.py").write_text(CLEAN.replace(MASKED, f"{MASKED}  # noqa: ATN204"), "utf-8")
        assert places("clean.py") == []


class TestSources:
    def test_columns_count_code_points(self) -> None:
        Path("buggy.py").write_text(BUGGY.replace("    scores.masked", "    '🙂é'; scores.masked"), "utf-8")
        assert places("buggy.py") == ["buggy.py:6:11: ATN204", FOUND[1]]

    def test_line_ends_and_encodings(self) -> None:
        names = []
        for encoding, end in product(("utf-8", "utf-8-sig", "latin-1"), ("\n", "\r\n")):
            names.append(f"{encoding}{len(end)}.py")
            text = f"# coding: {encoding.removesuffix('-sig')} é\n{BUGGY}"
            Path(names[-1]).write_bytes(text.replace("\n", end).encode(encoding))
        found = places(*names)
        assert found == [f"{name}:{place}" for name in sorted(names) for place in ("7:5: ATN204", "12:14: ATN101")]

    def test_what_is_not_python_is_flake8s_to_tell(self) -> None:
        Path("broken.py").write_text("import torch\nsoftmax(\n", "utf-8")
        found = LINE.findall(flake8("--select=E9,ATN", "broken.py", "buggy.py").stdout)
        assert found == ["broken.py:2:8: E999", *FOUND] or found == ["broken.py:2:9: E999", *FOUND]


def test_none_are_lost_or_told_twice_by_many_processes() -> None:
    named = [str(path) for path in FIXTURES]
    alone, together = (sorted(places(f"--jobs={jobs}", *named)) for jobs in (1, 4))
    expected = lint_paths(named).diagnostics
    assert alone == together == sorted({f"{d.path}:{d.span.line}:{d.span.column}: {d.code}" for d in expected})
    assert len(expected) > len(FIXTURES)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_rule_that_raises_hides_no_other(jobs: int) -> None:
    Path("raising.py").write_text(RAISING, "utf-8")
    Path("other.py").write_text(BUGGY, "utf-8")
    Path("setup.cfg").write_text(
        "[flake8:local-plugins]\nextension =\n    ATN = raising:WithRaising\npaths = .\n", encoding="utf-8"
    )
    found = flake8(f"--jobs={jobs}", "--select=ATN0,ATN204", "buggy.py", "other.py").stdout
    told = (
        "ATN000 ATN999 raising failed with KeyError: 'heads' (raising.py:13) on the code at line 4; "
        "this is a bug of raising, please"
    )
    for path in ("buggy.py", "other.py"):
        assert f"{path}:1:1: {told}" in found
        assert f"{path}:6:5: ATN204 " in found
