"""Fuzzing for a few seconds, and that the fuzzer sees what it looks for; `python fuzz` goes on for longer."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import driver
import judging
import pytest
from inputs import MAKERS, PLANT, SEEDS, Input, Seeds, inputs, tokens

from attnlint import Configuration, Diagnostic, Edit, Fix, SourceError, Span, Tier, lint_paths, lint_source

CHECKOUT = Path(__file__).parent.parent
HOW_MANY = {"bytes": 40, "tokens": 25, "pieces": 25, "made up": 1}
PLANTED = f"import torch\n{PLANT}".encode()
linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are copied")


@pytest.fixture(scope="module")
def seeds() -> Seeds:
    return Seeds.below(SEEDS)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", MAKERS)
def test_hostile_input_is_survived(kind: str, seeds: Seeds) -> None:
    for number in range(HOW_MANY[kind]):
        for made in inputs(kind, "tests", number, seeds):
            assert judging.fault(made.path, made.data) is None, made.data


@pytest.mark.parametrize("kind", ["bytes", "tokens", "pieces"])
def test_an_input_is_named_by_seed_and_number(kind: str, seeds: Seeds) -> None:
    first, again, other = (list(inputs(kind, seed, 7, seeds)) for seed in ("a", "a", "b"))
    assert first == again != other


@pytest.mark.filterwarnings("ignore")
def test_much_of_it_is_python(seeds: Seeds) -> None:
    def parses(made: Input) -> bool:
        try:
            compile(made.data, made.path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return False
        return True

    made = [each for number in range(40) for each in inputs("pieces", "tests", number, seeds)]
    assert sum(map(parses, made)) > 30
    assert all(each.data not in {seed.data for seed in seeds.files} for each in made)


@pytest.mark.parametrize("text", ["", "x = (1,\n 'é')\n", "x = (\n", "if x:\n\ty\r\n z", "\f'''"])
def test_tokens_are_the_text_in_pieces(text: str) -> None:
    assert "".join(tokens(text)) == text


# -- the judge


def test_right_behaviour_is_no_fault() -> None:
    assert judging.fault("a.py", PLANTED) is None
    assert judging.fault("a.py", b"x = (") is None
    assert lint_source(PLANTED, "a.py")


def faulty(change: Callable[[Diagnostic], Diagnostic], monkeypatch: pytest.MonkeyPatch) -> str | None:
    def changed(*arguments: object, **more: object) -> list[Diagnostic]:
        return [change(each) for each in lint_source(PLANTED, "a.py")]

    monkeypatch.setattr(judging, "lint_source", changed)
    return judging.fault("a.py", PLANTED)


@pytest.mark.parametrize("span", [Span(99, 1, 99, 2), Span(1, 0, 1, 1), Span(2, 2, 1, 1), Span(1, 1, 1, 99)])
def test_a_finding_outside_the_text_is_one(span: Span, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "stands outside of the text" in str(faulty(lambda found: replace(found, span=span), monkeypatch))


def test_a_fix_that_breaks_the_file_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    fix = Fix("Break it", Tier.SAFE, (Edit(Span(1, 1, 1, 7), "("),))
    assert " makes line 1: " in str(faulty(lambda found: replace(found, fix=fix), monkeypatch))


def test_an_exception_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(found: Diagnostic) -> Diagnostic:
        raise KeyError("axis")

    assert str(faulty(broken, monkeypatch)).endswith("KeyError: 'axis'\n")


def test_an_error_without_a_reason_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(found: Diagnostic) -> Diagnostic:
        raise SourceError(0, "")

    assert "is no line" in str(faulty(broken, monkeypatch))


def test_a_rule_that_fails_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise KeyError("axis")

    monkeypatch.setattr("attnlint.rules.missing_scale.MissingScale.check_site", broken)
    assert str(judging.fault("a.py", PLANTED)).startswith("ATN101 missing-scale failed with KeyError")


# -- the driver


def given() -> Iterator[tuple[str, Input]]:
    for number, word in enumerate(("well", "dies", "well", "hangs", "fails", "well")):
        yield "given", Input(f"{number}.py", word.encode())


def scripted(path: str, data: bytes) -> str | None:
    if data == b"dies":
        os._exit(3)
    while data == b"hangs":
        pass
    return "Traceback\nKeyError: 1" if data == b"fails" else None


@linux
def test_deaths_and_hangs_are_counted_and_what_follows_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(judging, "fault", scripted)
    monkeypatch.setattr(driver, "HANG", 1)
    totals = driver.run([partial(given)], 60, tmp_path / "kept")
    assert (totals.inputs["given"], totals.crashes["given"]) == (6, 3)
    kept = {path.read_bytes().decode(): Path(f"{path}.reason").read_text() for path in (tmp_path / "kept").glob("*.py")}
    assert {word: text.splitlines()[-1] for word, text in kept.items()} == {
        "dies": "ends the process with 3",
        "hangs": "hangs: 1 seconds",
        "fails": "KeyError: 1",
    }
    assert capsys.readouterr().out.count("\n") == 3


@linux
def test_the_script_prints_totals(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(PLANTED)
    (tmp_path / "b.py").write_text("x = (\n")
    (tmp_path / "words.txt").write_text("no Python\n")
    command = [sys.executable, str(CHECKOUT / "fuzz"), "--whole", "--jobs", "2", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert re.match(r"2 inputs \(2 whole files\), slowest \d+\.\d s, 0 crashes in \d+ s, Python 3\.\d+", done.stdout)
    assert done.returncode == 0


# -- Python's own library


@pytest.mark.filterwarnings("ignore")
def test_a_sample_of_the_standard_library_is_read(tmp_path: Path) -> None:
    library = Path(sysconfig.get_path("stdlib"))
    files = sorted(path for path in library.rglob("*.py") if "site-packages" not in path.parts)
    began = time.process_time()
    report = lint_paths(files[:: max(1, len(files) // 100)], judging.RULES, config=Configuration(isolated=True))
    assert report.files > 50
    assert not [problem for problem in report.problems if "please report it" in problem.reason]
    assert time.process_time() - began < 60
