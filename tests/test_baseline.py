"""Baselines as data: what is known, new and gone."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attnlint.baseline import Baseline, BaselineError, Known
from attnlint.config import Configuration
from attnlint.diagnostics import Content, Diagnostic, Problem, Severity, Span
from attnlint.fingerprints import fingerprint
from attnlint.rule import discover
from attnlint.runs import Report

RULES = list(discover().values())


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a.py", "b.py"):
        (tmp_path / name).touch()
    return tmp_path


def found(path: str, text: str, line: int = 1, code: str = "ATN204") -> Diagnostic:
    span = Span(line, 1, line, 2)
    return Diagnostic(code, "name", Severity.ERROR, path, span, "message", "", content=Content("f", text))


def report(*diagnostics: Diagnostic, read: tuple[str, ...] = ("a.py", "b.py")) -> Report:
    paths = sorted({*read, *(each.path for each in diagnostics)})
    return Report(sorted(diagnostics, key=lambda each: each.sort_key), [], len(paths), paths)


def recorded(*diagnostics: Diagnostic) -> Baseline:
    return Baseline("known.json").updated(diagnostics, Counter())


FINDINGS = st.lists(
    st.builds(found, st.sampled_from(["a.py", "b.py"]), st.sampled_from("xyz"), st.integers(1, 99)),
    max_size=12,
    unique_by=lambda each: (each.path, each.span),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FINDINGS, FINDINGS)
def test_what_is_known_is_what_both_runs_found(before: list[Diagnostic], after: list[Diagnostic]) -> None:
    def kinds(diagnostics: list[Diagnostic]) -> Counter[tuple[str, str]]:
        return Counter((each.path, each.content.text) for each in diagnostics)

    compared = recorded(*before).compare(report(*after), ["."], RULES)
    assert kinds(compared.known) == kinds(before) & kinds(after)
    assert kinds(compared.new) == kinds(after) - kinds(before)
    assert compared.gone.total() == (kinds(before) - kinds(after)).total()
    assert sorted(compared.new + compared.known, key=lambda each: each.sort_key) == report(*after).diagnostics


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FINDINGS, st.randoms())
def test_the_text_is_the_same_in_any_order_and_reads_back(before: list[Diagnostic], random: object) -> None:
    baseline = recorded(*before)
    random.shuffle(before)  # type: ignore[attr-defined]
    assert recorded(*before).text() == baseline.text()
    Path("known.json").write_text(baseline.text(), "utf-8")
    assert Baseline.read("known.json").entries == baseline.entries
    assert json.loads(baseline.text())["version"] == 1


def test_of_equal_findings_the_first_are_known() -> None:
    first, second = found("a.py", "x", 3), found("a.py", "x", 7)
    compared = recorded(second).compare(report(first, second), ["a.py"], RULES)
    assert (compared.known, compared.new) == ([first], [second])


def test_a_file_that_is_gone_is_looked_for_in_all_others(inside: Path) -> None:
    baseline = recorded(found("a.py", "x"), found("a.py", "y"))
    moved = report(found("c.py", "x"), found("b.py", "y"))
    assert baseline.compare(moved, ["."], RULES).new == moved.diagnostics
    (inside / "a.py").unlink()
    compared = baseline.compare(moved, ["."], RULES)
    assert (compared.known, compared.new, compared.gone) == (moved.diagnostics, [], Counter())


def test_one_entry_is_found_in_one_place_alone(inside: Path) -> None:
    (inside / "a.py").unlink()
    compared = recorded(found("a.py", "x")).compare(report(found("b.py", "x"), found("c.py", "x")), ["."], RULES)
    assert [each.path for each in compared.new] == ["c.py"]


def test_the_code_that_a_rule_had_before_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    old = Known("a.py", "ATN290", fingerprint(found("a.py", "x"), "ATN290"))
    baseline = Baseline("known.json", Counter({old: 1}))
    assert baseline.compare(report(found("a.py", "x")), ["."], RULES).new
    monkeypatch.setattr(discover()["ATN204"], "formerly", ("ATN290",))
    compared = baseline.compare(report(found("a.py", "x")), ["."], RULES)
    assert (compared.new, compared.gone) == ([], Counter())
    assert baseline.compare(report(), ["."], RULES).gone == Counter({old: 1})


def test_the_codes_of_rules_that_are_no_more_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    baseline = Baseline("known.json", Counter({Known("a.py", "ATN299", "0"): 1}))
    assert not baseline.compare(report(), ["."], RULES).gone
    monkeypatch.setattr("attnlint.baseline.REMOVED", {"ATN299": "it was wrong"})
    assert baseline.compare(report(), ["."], RULES).gone.total() == 1


@pytest.mark.parametrize(
    ("named", "is_gone"),
    [(["a.py"], True), (["."], True), (["./"], True), (["b.py"], False), (["sub"], False), ([".."], True), ([], False)],
)
def test_what_is_gone_was_looked_for(named: list[str], is_gone: bool, inside: Path) -> None:
    (inside / "sub").mkdir()
    compared = recorded(found("a.py", "x")).compare(report(), named, RULES)
    assert (bool(compared.gone), bool(compared.unseen)) == (is_gone, not is_gone)


def test_absolute_paths_and_links_to_folders_are_the_same_files(inside: Path) -> None:
    (inside / "real").mkdir()
    (inside / "link").symlink_to("real")
    (inside / "real" / "a.py").touch()
    baseline = recorded(found("real/a.py", "x"))
    for path in ("real/a.py", "link/a.py", str(inside / "link" / "a.py"), "./real/../real/a.py"):
        assert not baseline.compare(report(found(path, "x")), [path], RULES).new, path
    assert baseline.compare(report(read=("link/a.py",)), ["link"], RULES).gone
    assert baseline.compare(report(), ["link"], RULES).unseen


def test_a_folder_that_could_not_be_searched_says_nothing(inside: Path) -> None:
    (inside / "sub").mkdir()
    failed = Report(problems=[Problem("sub", None, "cannot be read")], paths=["a.py"])
    compared = recorded(found("sub/a.py", "x"), found("a.py", "x")).compare(failed, ["."], RULES)
    assert [known.path for known in compared.gone] == ["a.py"]
    assert [known.path for known in compared.unseen] == ["sub/a.py"]


def test_a_file_that_is_there_and_was_passed_over_says_nothing() -> None:
    compared = recorded(found("a.py", "x"), found("b.py", "x")).compare(report(read=("b.py",)), ["."], RULES)
    assert [known.path for known in compared.gone] == ["b.py"]
    assert [known.path for known in compared.unseen] == ["a.py"]


def test_rules_are_those_of_each_file(inside: Path) -> None:
    (inside / "attnlint.toml").write_text('per-file-ignores = { "a.py" = ["ATN204"] }', "utf-8")
    (inside / "sub").mkdir()
    (inside / "sub" / "attnlint.toml").write_text("no TOML", "utf-8")
    baseline = recorded(*(found(path, "x") for path in ("a.py", "b.py", "gone.py", "sub/gone.py")))
    compared = baseline.compare(report(), ["."], config=Configuration())
    assert [known.path for known in compared.gone] == ["b.py", "gone.py"]
    assert [known.path for known in compared.unseen] == ["a.py", "sub/gone.py"]


def test_what_two_branches_both_added_counts_once() -> None:
    line = json.dumps({"path": "a.py", "code": "ATN204", "fingerprint": "0", "count": 2})
    Path("known.json").write_text(f'{{"version": 1, "findings": [{line},\n{line}]}}', "utf-8")
    assert Baseline.read("known.json").entries == Counter({Known("a.py", "ATN204", "0"): 2})


def test_a_missing_baseline_is_an_error_or_an_empty_one() -> None:
    with pytest.raises(BaselineError, match="no such baseline"):
        Baseline.read("known.json")
    assert not Baseline.read_or_new("known.json").entries


def test_names_that_are_no_text_are_written_too(inside: Path) -> None:
    baseline = recorded(found("ü\udc80.py", "x"))
    Path("known.json").write_bytes(baseline.text().encode())
    assert Baseline.read("known.json").entries == baseline.entries
