"""Rules that raise are told as what they are, and hide neither other rules' findings nor other files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from attnlint import RuleError, lint_source
from attnlint.attention import AttentionPath, AttentionSite
from attnlint.graph.analysis import DefinitionGraph
from attnlint.rule import Finding, Rule, discover
from attnlint.runs import lint_paths
from attnlint.syntax.outline import ModuleOutline, outline
from attnlint.syntax.text import SourceText
from attnlint.triggers import SITE

BUGGY = """\
import torch


def attend(q, k, v):
    return torch.softmax(q @ k.transpose(-2, -1), dim=-1) @ v
"""


class Broken(Rule):
    """A rule that raises."""

    code = "ATN999"
    name = "broken"
    triggers = SITE


class OnDefinitions(Broken):
    """On every definition."""

    def check_definition(self, graph: DefinitionGraph) -> Iterator[Finding]:
        raise ZeroDivisionError("no heads\nat all")


class OnSites(Broken):
    """After a finding."""

    def check_site(self, site: AttentionSite) -> Iterator[Finding]:
        yield Finding(site.at, "found before")
        raise KeyError(site.kind)


class OnPaths(Broken):
    """By an error that the engine does not expect."""

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        raise RecursionError("too deep")


@pytest.mark.parametrize("broken", [OnDefinitions, OnSites, OnPaths])
def test_a_rule_that_raises(broken: type[Rule], tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(BUGGY, "utf-8")
    report = lint_paths([str(tmp_path)], [broken, discover()["ATN101"]])
    found = [diagnostic.code for diagnostic in report.diagnostics if diagnostic.code != "ATN999"]
    assert found == ["ATN101", "ATN101"]
    assert [problem.path for problem in report.problems] == [str(tmp_path / name) for name in ("a.py", "b.py")]
    for problem in report.problems:
        assert problem.reason.startswith("ATN999 broken failed with ")
        assert "(test_failures.py:" in problem.reason
        assert "\n" not in problem.reason


def test_what_it_found_before_stays(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BUGGY, "utf-8")
    report = lint_paths([str(tmp_path)], [OnSites])
    assert [diagnostic.message for diagnostic in report.diagnostics] == ["found before"]


def test_one_source_raises_it() -> None:
    with pytest.raises(RuleError, match=r"^ATN999 broken failed with KeyError: 'hand-written' ") as raised:
        lint_source(BUGGY, rules=[OnSites])
    assert raised.value.code == "ATN999"
    assert isinstance(raised.value.__cause__, KeyError)


def test_an_analysis_that_fails_hides_no_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(BUGGY.replace("attend", f"attend_{name[0]}"), "utf-8")

    def broken(source: SourceText) -> ModuleOutline:
        if "attend_a" in source.text:
            raise AssertionError("an axis without a name")
        return outline(source)

    monkeypatch.setattr("attnlint.linter.outline", broken)
    report = lint_paths([str(tmp_path)], [discover()["ATN101"]])
    assert [Path(diagnostic.path).name for diagnostic in report.diagnostics] == ["b.py"]
    assert [problem.reason.partition(" (")[0] for problem in report.problems] == [
        "the analysis failed with AssertionError: an axis without a name"
    ]
