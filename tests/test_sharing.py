"""Work shared out over processes: the same report as without, whatever happens to a process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_cli import BUGGY, CLEAN, run, script

from attnlint import Configuration, Finding, Rule, Span, __version__, discover, lint_paths, select, sharing
from attnlint.suppressions import TRIGGERS, Suppression

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="rules of this module reach copied processes alone")


@pytest.fixture(autouse=True)
def worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "_WORTH", 1)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for number in range(40):
        name = f"{'deep/' * (number % 3)}m{number}.py"
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((BUGGY if number % 4 == 0 else CLEAN) + "# words\n" * number, "utf-8")
    (tmp_path / "broken.py").write_text("import torch\nsoftmax(\n", "utf-8")
    return tmp_path


def test_the_report_is_the_same(folder: Path) -> None:
    alone = lint_paths([folder, "missing.py"])
    assert len(alone.diagnostics) > 10
    assert len(alone.problems) == 2
    assert lint_paths([folder, "missing.py"], jobs=3) == alone
    assert lint_paths([folder, "missing.py"], jobs=None) == alone


def test_settings_of_each_folder_count(folder: Path) -> None:
    (folder / "deep" / "attnlint.toml").write_text('ignore = ["ATN204"]\n', "utf-8")
    (folder / "deep" / "deep" / "attnlint.toml").write_text('selct = ["ATN2"]\n', "utf-8")
    alone = lint_paths(["."], config=Configuration())
    assert any("`selct` is no setting" in problem.reason for problem in alone.problems)
    assert lint_paths(["."], config=Configuration(), jobs=3) == alone


def test_progress_goes_up_to_all(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    lint_paths([folder], jobs=3, progress=lambda done, total: told.append((done, total)))
    assert {total for _, total in told} == {41}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (41, 41)


class Ending(Rule):
    """A rule that ends its process at one file."""

    code = "XYZ101"
    name = "ending"
    triggers = TRIGGERS

    def check_suppressions(self, suppressions: Sequence[Suppression]) -> Iterator[Finding]:
        if any("end" in one.row for one in suppressions):
            os._exit(9)
        yield Finding(Span(1, 1, 1, 2), "seen")


class Renamed(Ending):
    """A rule that was called otherwise."""

    formerly = ("XYZ100",)


def test_a_process_that_ends_is_one_problem(folder: Path) -> None:
    for name in ("a.py", "b.py", "c.py"):
        (folder / name).write_text("x = 1  # attnlint: ignore\n", "utf-8")
    (folder / "b.py").write_text("x = 1  # attnlint: ignore -- end\n", "utf-8")
    report = lint_paths(["a.py", "b.py", "c.py", "m0.py"], [Ending], jobs=2)
    assert [(problem.path, problem.reason) for problem in report.problems] == [
        ("b.py", f"the analysis ended its process; this is a bug of attnlint {__version__}, please report it")
    ]
    assert [found.path for found in report.diagnostics] == ["a.py", "c.py"]


def test_warnings_reach_this_process(folder: Path) -> None:
    (folder / "a.py").write_text("x = 1  # attnlint: ignore[XYZ100]\n", "utf-8")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        lint_paths(["a.py", "m0.py", "m1.py"], [Renamed], jobs=2)
    assert {str(one.message) for one in told} == {"XYZ100 is called XYZ101 ending now"}


@given(st.lists(st.integers(0, 10_000), max_size=60), st.integers(1, 8))
def test_batches_hold_each_file_once_and_are_even(sizes: list[int], jobs: int) -> None:
    names = [str(number) for number in range(len(sizes))]
    held = dict(zip(names, sizes, strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharing, "_size", held.__getitem__)
        found = sharing.batches(names, jobs)
    assert sorted(name for batch in found for name in batch) == sorted(names)
    enough = sum(sizes) / (jobs * 12)
    for batch in found:
        assert sum(held[name] for name in batch[:-1]) <= enough
    first = [held[batch[0]] for batch in found]
    assert first == sorted(first, reverse=True)


def test_small_work_is_done_here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "_WORTH", 1_000_000)
    monkeypatch.setattr(sharing, "shared_out", lambda *anything: pytest.fail("processes were started"))
    assert lint_paths([folder], jobs=4) == lint_paths([folder])


# The command line


def test_the_option(folder: Path) -> None:
    results = [run("--output-format", "json", "-j", str(jobs), ".") for jobs in (1, 2)]
    assert results[0].stdout == results[1].stdout
    assert (results[0].returncode, results[1].returncode) == (2, 2)
    refused = run("-j", "0", ".")
    assert refused.returncode == 2
    assert "0 is not in the range x>=1" in refused.stderr


def test_processes_of_others_are_left_alone(folder: Path) -> None:
    """A program that lints in one thread may start a process in another meanwhile."""
    context = multiprocessing.get_context("spawn")
    others: list[BaseProcess] = []

    def begin(done: int, total: int) -> None:
        if done and not others:
            others.append(context.Process(target=time.sleep, args=(60,), daemon=True))
            others[0].start()

    lint_paths([folder], progress=begin, jobs=2)
    (other,) = others
    assert other.is_alive()
    other.kill()
    other.join()


def test_an_interruption_leaves_no_process(folder: Path) -> None:
    fixture = Path(__file__).parent.parent / "fixtures" / "missing_scale.py"
    for number in range(400):
        (folder / f"copy{number}.py").write_text(fixture.read_text("utf-8"), "utf-8")
    process = subprocess.Popen(
        [script(), "-j", "2", "."], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while len(started := children(process.pid)) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(started) == 2
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors
    assert process.returncode == 130, errors
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found.extend(map(int, task.read_text().split()))
    return found


def test_it_is_the_rules_of_the_run_that_count(folder: Path) -> None:
    only = select(discover(), ["ATN204"])
    assert {found.code for found in lint_paths([folder], only, jobs=2).diagnostics} == {"ATN204"}
