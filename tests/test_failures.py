"""Rules that raise are told as what they are, and hide neither other rules' findings nor other files."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from depths import MANY

from attnlint import Failures, RuleError, Span, Tier, __version__, lint_source, sharing
from attnlint.attention import Arms, AttentionPath, AttentionSite
from attnlint.fixes import fix_paths, ignore_source
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.interpreter import Interpreter
from attnlint.rule import Finding, Mend, Replacement, Rule, discover
from attnlint.runs import lint_paths
from attnlint.suppressions import Suppression
from attnlint.syntax.outline import Definition, ModuleOutline, outline
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


# -- every hook, in one process and over several


ARMS = """\
import torch
import torch.nn.functional as F


class Attention(torch.nn.Module):
    def __init__(self, flash):
        super().__init__()
        self.flash = flash

    def forward(self, q, k, v):
        if self.flash:
            return F.scaled_dot_product_attention(q, k, v)
        return torch.softmax(q @ k.transpose(-2, -1), dim=-1) @ v  # attnlint: ignore[ATN204]


def huge(x):
    return torch.softmax({}, dim=-1)

{}
""".format(" + ".join(["x"] * MANY), BUGGY.partition("\n\n\n")[2])
"""What every hook of a rule is asked about, and has ATN101 found in it."""


class AtHook(Broken):
    """At the hook that is called as the rule's own variable says."""

    hook = ""

    def _fail(self, hook: str) -> Iterator[Finding]:
        if hook == self.hook:
            raise KeyError(hook)
        yield from ()

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        return self._fail("check_path")

    def check_site(self, site: AttentionSite) -> Iterator[Finding]:
        return self._fail("check_site")

    def check_arms(self, first: AttentionPath, second: AttentionPath, arms: Arms) -> Iterator[Finding]:
        return self._fail("check_arms")

    def check_definition(self, graph: DefinitionGraph) -> Iterator[Finding]:
        return self._fail("check_definition")

    def check_unanalysed(self, definition: Definition, reason: str) -> Iterator[Finding]:
        return self._fail("check_unanalysed")

    def check_suppressions(self, suppressions: Sequence[Suppression]) -> Iterator[Finding]:
        return self._fail("check_suppressions")


HOOKS = {
    "check_path": " on the code at line 10",
    "check_site": " on the code at line 10",
    "check_arms": " on the code at line 10",
    "check_definition": " on the code at line 10",
    "check_unanalysed": " on the code at line 16",
    "check_suppressions": "",
}


def test_all_hooks_are_known() -> None:
    assert {name for name in vars(Rule) if name.startswith("check_")} == set(HOOKS)


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(("hook", "where"), HOOKS.items(), ids=list(HOOKS))
def test_each_hook_may_raise(hook: str, where: str, jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sharing, "_WORTH", 1)
    monkeypatch.setattr(AtHook, "hook", hook)
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(ARMS, "utf-8")
    report = lint_paths(["a.py", "b.py"], [AtHook, discover()["ATN101"]], jobs=jobs)
    assert [(found.path, found.code) for found in report.diagnostics] == [("a.py", "ATN101"), ("b.py", "ATN101")]
    assert [problem.path for problem in report.problems] == ["a.py", "b.py"]
    for problem in report.problems:
        assert re.fullmatch(
            rf"ATN999 broken failed with KeyError: '{hook}' \(test_failures\.py:\d+\){where}; "
            r"this is a bug of test_failures, please report it",
            problem.reason,
        )


class Leaving(Broken):
    """By ending the program."""

    def check_site(self, site: AttentionSite) -> Iterator[Finding]:
        sys.exit("no more of this")


class Unfit(Broken):
    """By a finding that no report could show."""

    finding = Finding(Span(1, 1, 1, 2), "")

    def check_site(self, site: AttentionSite) -> Iterator[Finding]:
        yield self.finding


def test_a_rule_cannot_end_the_program() -> None:
    failures = Failures()
    found = lint_source(BUGGY, rules=[Leaving, discover()["ATN101"]], failures=failures)
    assert [each.code for each in found] == ["ATN101"]
    assert next(failures.told()).startswith("ATN999 broken failed with SystemExit: no more of this (")


@pytest.mark.parametrize(
    ("finding", "reason"),
    [
        (Finding(Span(9, 1, 9, 2), "far"), "no place in the file"),
        (Finding(Span(1, 1, 1, 99), "far"), "no place in the file"),
        (Finding(Span(2, 1, 1, 1), "backwards"), "no place in the file"),
        (Finding(Span(0, 1, 1, 1), "before"), "no place in the file"),
        (Finding(Span(1, 1, 1, 1), None), "no text"),  # type: ignore[arg-type]
        (Finding(Span(1, 1, 1, 1), "bad", severity="bad"), "is not a valid Severity"),  # type: ignore[arg-type]
    ],
)
def test_a_finding_that_cannot_be_shown(finding: Finding, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Unfit, "finding", finding)
    failures = Failures()
    found = lint_source(BUGGY, rules=[Unfit, discover()["ATN101"]], failures=failures)
    assert [each.code for each in found] == ["ATN101"]
    assert reason in next(failures.told())


def test_a_broken_fix_costs_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    mend = Mend("Mend it", Tier.UNSAFE, (Replacement(Span(99, 1, 99, 1), "x"),))
    monkeypatch.setattr(Unfit, "finding", Finding(Span(1, 1, 1, 2), "found", mend=mend))
    failures = Failures()
    (found,) = lint_source(BUGGY, rules=[Unfit], failures=failures)
    assert (found.message, found.fix) == ("found", None)
    assert "no place in the file" in next(failures.told())


# -- the engine


TWO = BUGGY + BUGGY.replace("attend", "other").replace("import torch\n", "")


def test_code_that_the_engine_fails_on_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    graph_of = Interpreter.graph_of

    def broken(self: Interpreter, definition: Definition, *, constructed: bool = True) -> DefinitionGraph:
        if definition.name == "attend":
            raise AssertionError("an axis without a name")
        return graph_of(self, definition, constructed=constructed)

    monkeypatch.setattr(Interpreter, "graph_of", broken)
    failures = Failures()
    found = lint_source(TWO, rules=[discover()["ATN101"]], failures=failures)
    assert [each.content.definition for each in found] == ["other"]
    (told,) = failures.told()
    assert re.fullmatch(
        r"the analysis failed with AssertionError: an axis without a name \(test_failures\.py:\d+\) on the code at "
        rf"line 4; this is a bug of attnlint {__version__}, please report it",
        told,
    )
    with pytest.raises(AssertionError, match="an axis without a name"):
        lint_source(TWO)


PARTS = {
    "the outline": "attnlint.linter.outline",
    "the search for roots": "attnlint.linter.roots",
    "the recognition": "attnlint.examination.recognise",
    "the comments": "attnlint.suppressions.Suppressions.silence",
    "the contents": "attnlint.contents.Contents.added",
}


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("part", PARTS.values(), ids=list(PARTS))
def test_a_part_of_the_engine_that_fails_is_one_line_a_file(
    part: str, jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object, **keywords: object) -> None:
        raise AssertionError("an axis without a name")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sharing, "_WORTH", 1)
    monkeypatch.setattr(part, broken)
    (tmp_path / "a.py").write_text(BUGGY, "utf-8")
    (tmp_path / "b.py").write_text("x =\n", "utf-8")
    report = lint_paths(["a.py", "b.py"], [discover()["ATN101"]], jobs=jobs)
    reasons = [(problem.path, problem.reason.partition(" (")[0]) for problem in report.problems]
    assert reasons == [
        ("a.py", "the analysis failed with AssertionError: an axis without a name"),
        ("b.py", "invalid syntax"),
    ]


# -- fixes


class Finicky(Broken):
    """After each finding, fixes made or not."""

    def check_site(self, site: AttentionSite) -> Iterator[Finding]:
        yield Finding(site.at, "found before")
        raise KeyError(site.kind)


def test_a_rule_that_raises_keeps_its_findings_when_others_are_fixed(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(BUGGY, "utf-8")
    report = fix_paths([path], [Finicky, discover()["ATN101"]], lambda found: True, lambda at, before, data: None)
    assert [each.code for each in report.diagnostics] == ["ATN999"]
    assert [each.code for each in report.fixed[str(path)].made] == ["ATN101"]
    (problem,) = report.problems
    assert problem.reason.startswith("ATN999 broken failed with KeyError: 'hand-written'")


def test_fixing_that_fails_reports_what_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> bytes:
        raise AssertionError("edits overlap")

    monkeypatch.setattr("attnlint.documents.python.PythonFile.edited", broken)
    path = tmp_path / "a.py"
    path.write_text(BUGGY, "utf-8")
    report = fix_paths([path], [discover()["ATN101"]], lambda found: True, lambda at, before, data: None)
    assert [each.code for each in report.diagnostics] == ["ATN101"]
    (problem,) = report.problems
    assert problem.reason.startswith("the fixing failed with AssertionError: edits overlap (test_failures.py:")
    assert problem.reason.endswith("please report it; nothing was changed")


def test_a_rule_that_raises_is_silenced_where_it_found_something(tmp_path: Path) -> None:
    failures = Failures()
    fixed = ignore_source(BUGGY.encode(), "a.py", failures, rules=[Finicky])
    assert [each.code for each in fixed.made] == ["ATN999"]
    assert b"# attnlint: ignore[ATN999]" in fixed.data
    assert len(list(failures.told())) == 1
