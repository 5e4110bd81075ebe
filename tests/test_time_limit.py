"""A file that takes too long is told, and is neither waited for nor reported in part; all others go on."""

from __future__ import annotations

import cProfile
import pickle
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from config_support import Run, attnlint, write

from attnlint import Configuration, Failures, SourceError, discover, lint_paths, lint_source, sharing
from attnlint.attention import AttentionPath, AttentionSite
from attnlint.diagnostics import Tier
from attnlint.fixes import fix_paths, fixer
from attnlint.fixes.fixer import Fixed
from attnlint.fixes.ignore import ignore_source
from attnlint.fixes.run import change_paths
from attnlint.graph.analysis import DefinitionGraph
from attnlint.incremental import Session
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.time_limit import OutOfTime, check, limited
from attnlint.triggers import SITE

__all__ = ["attnlint"]

BUGGY = """\
import torch


def attend(q, k, v):
    return torch.softmax(q @ k.transpose(-2, -1), dim=-1) @ v
"""
TOLD = "not analysed: it takes more than {} seconds, which is the `time-limit` of a file"
SCALE = discover()["ATN101"]


def config(seconds: float) -> Configuration:
    return Configuration({"time-limit": seconds}, isolated=True)


class Slow(Rule):
    """A rule that never has enough of a file in which something is called endless."""

    code = "ATN999"
    name = "slow"
    triggers = SITE

    def check_definition(self, graph: DefinitionGraph) -> Iterator[Finding]:
        while "endless" in graph.definition.text:
            list(graph.found(graph.values[0], lambda facts: None))
        yield from ()


class Stubborn(Slow):
    """A rule that takes nothing for an end of it, at first."""

    def check_site(self, site: AttentionSite) -> Iterator[Finding]:
        try:
            while True:
                list(site.paths[0].ask(lambda path: None))
        except BaseException:
            yield Finding(site.at, "done")


class Deaf(Slow):
    """A rule that never asks whether there is time left."""

    def check_definition(self, graph: DefinitionGraph) -> Iterator[Finding]:
        while "endless" in graph.definition.text:
            pass
        yield from ()


class SlowOnceFixed(Slow):
    """A rule that has never enough of scores that are scaled."""

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        while path.all_factors:
            list(path.ask(lambda path: None))
        yield from ()


class SlowOnceSilenced(Slow):
    """A rule that has never enough of a file with comments."""

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        while "#" in path.graph.definition.text:
            list(path.ask(lambda path: None))
        yield from ()


class Vain(Rule):
    """A rule that takes its time, and whose mends mend nothing."""

    code = "ATN999"
    name = "vain"
    triggers = SITE

    def check_definition(self, graph: DefinitionGraph) -> Iterator[Finding]:
        if graph.definition.name == "attend_0":
            time.sleep(0.1)
        yield from ()

    def check_site(self, site: AttentionSite) -> Iterator[Finding]:
        mend = Mend("write it anew", Tier.SAFE, (Replacement(site.at, "({0})", (site.at,)),))
        yield Finding(site.at, f"{site.paths[0].graph.definition.name} could be better", mend=mend)


def endless(name: str) -> str:
    return BUGGY.replace("attend", f"endless_{name}")


# -- the command line


def test_a_file_over_the_limit_is_a_line_and_status_2(attnlint: Run) -> None:
    write({"slow.py": BUGGY})
    write({"x.py": "x = (\n"})
    done = attnlint("--time-limit", "0.000001", "slow.py", "x.py")
    assert done.status == 2
    assert done.err.splitlines() == [f"slow.py: {TOLD.format('1e-06')}", "x.py:1: '(' was never closed"]
    assert "ATN101" not in done.out


def test_the_nearest_configuration_file_says_how_long(attnlint: Run) -> None:
    write({"attnlint.toml": "time-limit = 300\n"})
    write({"slow.py": BUGGY})
    write({"generated/attnlint.toml": "time-limit = 1e-6\n"})
    write({"generated/slow.py": BUGGY})
    done = attnlint("--output-format", "concise", "slow.py", "generated")
    assert done.status == 2
    assert done.places == ["slow.py: ATN101"]
    assert done.err == f"generated/slow.py: {TOLD.format('1e-06')}\n"
    assert attnlint("--time-limit", "60", ".").status == 1


@pytest.mark.parametrize("seconds", ["0", "60"])
def test_what_is_in_time_is_reported(attnlint: Run, seconds: str) -> None:
    write({"slow.py": BUGGY})
    assert attnlint("--time-limit", seconds, "slow.py").status == 1


@pytest.mark.parametrize("value", ["-1", "nan", "inf"])
def test_what_is_no_time(attnlint: Run, value: str) -> None:
    done = attnlint("--time-limit", value, ".")
    assert done.status == 2
    assert "`time-limit` has to be a number of seconds, 0 for no limit" in done.err


@pytest.mark.parametrize("value", ['"60"', "true", "-0.5", "nan", "[1]"])
def test_what_is_no_time_in_a_file(attnlint: Run, value: str) -> None:
    write({"attnlint.toml": f"time-limit = {value}\n"})
    write({"slow.py": BUGGY})
    done = attnlint("slow.py")
    assert done.status == 2
    assert "`time-limit` has to be a number of seconds, 0 for no limit" in done.err


# -- endless files


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_endless_file_hides_no_other(jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sharing, "_WORTH", 1)
    for name in "abc":
        (tmp_path / f"{name}.py").write_text(endless(name) if name == "b" else BUGGY, "utf-8")
    report = lint_paths(["a.py", "b.py", "c.py"], [Slow, SCALE], config=config(1), jobs=jobs)
    assert [found.path for found in report.diagnostics] == ["a.py", "c.py"]
    assert [(problem.path, problem.reason) for problem in report.problems] == [("b.py", TOLD.format(1))]


def test_what_was_caught_counts_all_the_same() -> None:
    failures = Failures()
    with pytest.raises(OutOfTime):
        lint_source(BUGGY, rules=[Stubborn, SCALE], config=config(0.2), failures=failures)
    assert not list(failures.told())


def test_what_asks_nobody_ends_too(tmp_path: Path) -> None:
    """A mistake of ours, which is ended from outside; the next file is linted as if nothing had been."""
    with pytest.raises(SourceError) as raised:
        lint_source(endless("a"), rules=[Deaf], config=config(0.1))
    assert raised.value.reason == TOLD.format(0.1)
    for name in "abc":
        (tmp_path / f"{name}.py").write_text(endless(name) if name == "b" else BUGGY, "utf-8")
    for jobs in (1, 2):
        report = lint_paths([tmp_path], [Deaf, SCALE], jobs=jobs, config=config(1))
        assert [Path(found.path).name for found in report.diagnostics] == ["a.py", "c.py"]
        assert [(Path(problem.path).name, problem.reason) for problem in report.problems] == [("b.py", TOLD.format(1))]


def test_nothing_is_left_of_a_limit_for_who_comes_next() -> None:
    """Python 3.11 would go round in circles in a profiled function while an exception is announced and none comes."""
    with pytest.raises(SourceError):
        lint_source(endless("a"), rules=[Deaf], config=config(0.1))
    with pytest.raises(SourceError):
        lint_source(endless("a"), rules=[Slow], config=config(0.1))
    profiler = cProfile.Profile()
    assert len(profiler.runcall(lint_source, BUGGY, rules=[SCALE])) == 1


def test_it_ends_in_any_thread() -> None:
    def reason(name: str) -> str:
        with pytest.raises(SourceError) as raised:
            lint_source(endless(name), rules=[Slow], config=config(0.5))
        return raised.value.reason

    with ThreadPoolExecutor(3) as pool:
        slow = pool.map(reason, "ab")
        quick = pool.submit(lint_source, BUGGY, rules=[SCALE])
        assert list(slow) == [TOLD.format(0.5)] * 2
        assert len(quick.result()) == 1


def test_an_editor_that_waits_longer_gets_it_all() -> None:
    session = Session("a.py")
    with pytest.raises(OutOfTime):
        session.lint(BUGGY, config(1e-6).checks("a.py", [SCALE]), Failures())
    assert len(session.lint(BUGGY, config(60).checks("a.py", [SCALE]), Failures())) == 1


def test_fixes_after_which_there_is_no_end_are_not_made(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(BUGGY, "utf-8")
    written: list[bytes] = []
    report = fix_paths(
        [path],
        [SlowOnceFixed, SCALE],
        lambda found: True,
        lambda at, before, data: written.append(data),
        config=config(2),
    )
    assert [found.code for found in report.diagnostics] == ["ATN101"]
    assert [problem.reason for problem in report.problems] == [
        f"once it is changed, {TOLD.format(2)}; nothing was changed"
    ]
    assert not written


def test_fixes_that_help_nothing_do_not_go_on_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fixer, "_LOOKS", 1.5)
    text = "".join(BUGGY.replace("attend", f"attend_{number}") for number in range(60))
    (tmp_path / "a.py").write_text(text, "utf-8")
    report = fix_paths([tmp_path / "a.py"], [Vain], lambda found: True, None, config=config(2))
    assert len(report.diagnostics) == 60
    assert [problem.reason for problem in report.problems] == [
        "changing it takes more than 3 seconds, 1.5 times the `time-limit` of a file; nothing was changed"
    ]


def test_comments_after_which_there_is_no_end_are_not_written(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BUGGY, "utf-8")

    def change(data: bytes, path: str, failures: Failures) -> Fixed:
        return ignore_source(data, path, failures, rules=[SlowOnceSilenced, SCALE], config=config(2))

    report = change_paths([tmp_path / "a.py"], change, lambda path, new, old: pytest.fail("written"))
    assert [found.code for found in report.diagnostics] == ["ATN101"]
    assert [problem.reason for problem in report.problems] == [
        f"once it is changed, {TOLD.format(2)}; nothing was changed"
    ]


# -- the limit itself


def test_nobody_asks_without_a_limit() -> None:
    check()
    with limited(0):
        check()


def test_the_inner_limit_ends_with_its_block() -> None:
    with limited(60):
        with pytest.raises(OutOfTime), limited(1e-9):
            check()
        check()


def test_of_two_limits_the_first_to_end_counts() -> None:
    with pytest.raises(OutOfTime) as raised, limited(0.01), limited(60):
        _go_on()
    assert raised.value.seconds == 0.01
    with pytest.raises(OutOfTime) as raised, limited(60), limited(0.01):
        _go_on()
    assert raised.value.seconds == 0.01


def _go_on() -> None:
    while True:
        check()


def test_it_can_be_sent_to_another_process() -> None:
    again = pickle.loads(pickle.dumps(OutOfTime(2)))
    assert (type(again), again.reason) == (OutOfTime, TOLD.format(2))
