"""Files that are no files, or stop being what they were while a run is at them: one clear line each, and the others'
findings."""

from __future__ import annotations

import io
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from test_cli import run
from test_fixes import BUGGY, FIXED, RULES

from attnlint import Diagnostic, Problem, lint_paths, sharing
from attnlint.fixes import fix_paths, write
from attnlint.sources import read
from attnlint.sources.discovery import USUAL, find_sources
from attnlint.sources.scope import Scope

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no named pipes and few links here")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(read, "_NO_WRITER", 0.1)
    monkeypatch.setattr(read, "_SILENCE", 0.3)
    for name in ("a.py", "b.py", "c.py"):
        (tmp_path / name).write_text(BUGGY, "utf-8")
    return tmp_path


def make_socket(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path)


def make_silent(path: str) -> None:
    os.mkfifo(path)
    _open.append(os.open(path, os.O_RDWR))


_open: list[int] = []


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    yield
    while _open:
        os.close(_open.pop())


SILENT = "cannot be read: it is a pipe to which nobody writes"
GONE = "no such file or folder"
STRANGE: dict[str, tuple[Callable[[str], object], str]] = {
    "a pipe without a writer": (os.mkfifo, SILENT),
    "a pipe with a silent writer": (make_silent, SILENT),
    "a socket": (make_socket, "cannot be read: No such device or address"),
    "a device": (lambda path: os.symlink("/dev/zero", path), "cannot be read: it is a device, not a file"),
    "a dangling link": (lambda path: os.symlink("gone", path), GONE),
    "a link to itself": (lambda path: os.symlink(path, path), "cannot be read: Too many levels of symbolic links"),
    "nothing": (lambda path: None, GONE),
    "a folder": (os.mkdir, "cannot be read: Is a directory"),
}
strange = pytest.mark.parametrize(("make", "reason"), STRANGE.values(), ids=list(STRANGE))


def findings(report_of: list[Diagnostic]) -> list[str]:
    return sorted({found.path for found in report_of})


@strange
def test_what_is_named(make: Callable[[str], object], reason: str) -> None:
    make("x.py")
    report = lint_paths(["a.py", "x.py", "b.py"])
    is_folder = os.path.isdir("x.py")  # an empty one
    assert report.problems == ([] if is_folder else [Problem("x.py", None, reason)])
    assert findings(report.diagnostics) == ["a.py", "b.py"]


@strange
def test_what_is_found(make: Callable[[str], object], reason: str) -> None:
    make("x.py")
    report = lint_paths(".")
    assert findings(report.diagnostics) == ["a.py", "b.py", "c.py"]
    assert report.problems == []


@strange
@pytest.mark.parametrize("jobs", [1, 2])
def test_what_changes_between_search_and_reading(
    make: Callable[[str], object], reason: str, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "_WORTH", 1)

    def change(done: int, total: int) -> None:
        if done == 0 and os.path.isfile("b.py"):
            os.unlink("b.py")
            make("b.py")

    report = lint_paths(".", progress=change, jobs=jobs)
    assert report.problems == [Problem("b.py", None, reason)]
    assert findings(report.diagnostics) == ["a.py", "c.py"]


@strange
def test_what_changes_between_reading_and_fixing(make: Callable[[str], object], reason: str) -> None:
    def wanted(diagnostic: Diagnostic) -> bool:
        if diagnostic.path == "b.py" and os.path.isfile("b.py"):
            os.unlink("b.py")
            make("b.py")
        return True

    report = fix_paths(["."], RULES, wanted, write)
    (problem,) = report.problems
    assert problem.path == "b.py"
    assert problem.reason.startswith("cannot be written: ")
    assert Path("a.py").read_text("utf-8") == Path("c.py").read_text("utf-8") == FIXED
    assert findings(report.diagnostics) == ["b.py"]
    assert not [name for name in os.listdir() if name.startswith(".")]


def test_what_an_editor_writes_meanwhile_is_kept() -> None:
    newer = f"{BUGGY}# newer\n"

    def wanted(diagnostic: Diagnostic) -> bool:
        if diagnostic.path == "b.py":
            Path("b.py").write_text(newer, "utf-8")
        return True

    report = fix_paths(["."], RULES, wanted, write)
    (problem,) = report.problems
    assert problem == Problem("b.py", None, "cannot be written: somebody else changed it meanwhile; run attnlint again")
    assert Path("b.py").read_text("utf-8") == newer
    assert Path("a.py").read_text("utf-8") == FIXED


def turn_into_a_circle(path: str) -> None:
    os.rmdir(path)
    os.symlink(path, path)


@pytest.mark.parametrize("change", [os.rmdir, turn_into_a_circle])
def test_a_folder_that_vanishes_while_it_is_searched(change: Callable[[str], object]) -> None:
    os.mkdir("m")

    def scope(place: str) -> Scope:
        if os.path.basename(place) == "m":
            change(place)
        return USUAL

    found = list(find_sources(["."], scope))
    assert [one for one in found if isinstance(one, str)] == ["a.py", "b.py", "c.py"]
    (problem,) = [one for one in found if isinstance(one, Problem)]
    assert problem.path == "m"


def test_settings_and_baselines_are_no_pipes() -> None:
    os.mkfifo("pipe.json")
    Path("attnlint.toml").write_text('baseline = "pipe.json"\n', "utf-8")
    os.mkfifo(".attnlint.toml")
    result = run("a.py")
    assert (result.returncode, result.stderr) == (2, f"Error: pipe.json: {SILENT}\n")


def test_a_pipe_that_somebody_writes_to_is_read_once() -> None:
    def speak() -> None:
        with open("pipe.py", "w", encoding="utf-8") as pipe:
            for line in BUGGY.splitlines(keepends=True):
                pipe.write(line)
                pipe.flush()
            time.sleep(0.05)

    os.mkfifo("pipe.py")
    writer = threading.Thread(target=speak)
    writer.start()
    result = run("--output-format=full", "pipe.py", "a.py")
    writer.join()
    assert result.returncode == 1
    frames = result.stdout.replace("pipe.py", "a.py").split("\n\n")[:-1]
    assert len(frames) == 4
    assert frames[:2] == frames[2:]


def test_what_may_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def refusing(path: str, *more: int) -> int:
        if os.path.basename(path) == "b.py":
            raise PermissionError(13, "Permission denied", path)
        return real(path, *more)

    monkeypatch.setattr(os, "open", refusing)  # who is root may read everything
    report = lint_paths(".")
    assert report.problems == [Problem("b.py", None, "cannot be read: Permission denied")]
    assert findings(report.diagnostics) == ["a.py", "c.py"]


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (MemoryError(), "cannot be read: it does not fit into memory"),
        (OSError(None, "it holds nothing"), "cannot be read: it holds nothing"),
    ],
)
def test_what_cannot_be_read_for_another_reason(
    failure: BaseException, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = read.contents

    def failing(path: str) -> bytes:
        if path.endswith("a.py"):
            raise failure
        return contents(path)

    monkeypatch.setattr(read, "contents", failing)
    report = lint_paths(["a.py", "b.py"], jobs=1)
    assert report.problems == [Problem("a.py", None, reason)]
    assert findings(report.diagnostics) == ["b.py"]


def test_a_file_that_has_nothing_to_give_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``/proc/kmsg`` once it was read: a file that is none to wait for."""

    class Waiting(io.FileIO):
        def read(self, size: int | None = -1) -> None:  # type: ignore[override]
            return None

    monkeypatch.setattr(os, "fdopen", lambda file, mode, buffering: Waiting(file, mode))
    report = lint_paths(["a.py"], jobs=1)
    assert report.problems == [
        Problem("a.py", None, "cannot be read: it holds nothing that can be read without waiting")
    ]
