"""Signals end a run at any moment without a trace: whole files, no process left, nothing said, the right status."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from checkout import CHECKOUT
from test_cli import script
from test_fixes import BUGGY, FIXED

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
every_signal = pytest.mark.parametrize("number", list(STATUS), ids=lambda number: signal.Signals(number).name)

PROGRAM = """
import os, sys, time
from pathlib import Path
from attnlint import runs, sharing
from attnlint.__main__ import main

sharing._WORTH = 1
lint = runs.lint_document

def slow(document, *more):
    if "# wait" in document.source.text:
        Path(f"{document.path}.begun").touch()
        deadline = time.monotonic() + 60
        while not Path("go").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
    return lint(document, *more)

runs.lint_document = slow
sys.exit(main())
"""
"""The command line, on several processes for the smallest files; one that says so waits for a file called go."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text(BUGGY, "utf-8")
    return tmp_path


@contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
    with process:
        try:
            yield process
        finally:
            process.kill()


def wait(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def listens(pid: int) -> bool:
    """Whether a process has a handler of its own for SIGTERM."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


def members(group: int) -> list[int]:
    """The processes of a group that are there."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, in_group = entry.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(in_group) == group and state != "Z":
            found.append(int(entry.parent.name))
    return found


@contextmanager
def silent(name: str) -> Iterator[None]:
    """A pipe that a run waits for, since somebody holds its other end and says nothing."""
    os.mkfifo(name)
    end = os.open(name, os.O_RDWR)
    try:
        yield
    finally:
        os.close(end)


@every_signal
def test_one_process(number: signal.Signals) -> None:
    with silent("pipe.py"), started(script(), "--fix", "--unsafe-fixes", "a.py", "pipe.py") as process:
        wait(lambda: Path("a.py").read_text("utf-8") == FIXED)
        process.send_signal(number)
        assert ended(process) == (STATUS[number], "")
    assert sorted(os.listdir()) == ["a.py", "pipe.py"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("call", ["fsync", "fchmod", "replace"])
def test_a_file_that_is_being_written_is_written_whole(call: str, number: signal.Signals) -> None:
    Path("b.py").write_text(BUGGY, "utf-8")
    program = f"""
import os, sys, time
from attnlint.__main__ import main
name = {call!r} if {call!r} != "fchmod" else "chmod"
real = getattr(os, name)
def interrupted(*arguments):
    os.kill(os.getpid(), {int(number)})
    time.sleep(0.3)
    return real(*arguments)
setattr(os, name, interrupted)
sys.exit(main())
"""
    command = [sys.executable, "-I", "-c", program, "--fix", "--unsafe-fixes", "."]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (STATUS[number], "", "")
    assert [Path(name).read_text("utf-8") for name in sorted(os.listdir())] == [FIXED, BUGGY]


@every_signal
@pytest.mark.parametrize("is_for_all", [True, False])
def test_no_process_is_left(number: signal.Signals, is_for_all: bool) -> None:
    for name in ("w0.py", "w1.py"):
        Path(name).write_text(f"{BUGGY}# wait\n", "utf-8")
    with started(sys.executable, "-I", "-c", PROGRAM, "-j", "2", ".") as process:
        wait(lambda: Path("w0.py.begun").exists() and Path("w1.py.begun").exists())
        assert len(members(process.pid)) == 3
        (os.killpg if is_for_all else os.kill)(process.pid, number)
        status, errors = ended(process)
        assert status == STATUS[number]
        assert "Traceback" not in errors
        wait(lambda: not members(process.pid))


def test_processes_end_with_one_that_was_killed() -> None:
    for name in ("w0.py", "w1.py"):
        Path(name).write_text(f"{BUGGY}# wait\n", "utf-8")
    with started(sys.executable, "-I", "-c", PROGRAM, "-j", "2", ".") as process:
        wait(lambda: Path("w0.py.begun").exists() and Path("w1.py.begun").exists())
        process.kill()
        wait(lambda: not members(process.pid))


def test_a_process_that_is_killed_costs_no_finding() -> None:
    for name in ("w0.py", "w1.py"):
        Path(name).write_text(f"{BUGGY}# wait\n", "utf-8")
    with started(sys.executable, "-I", "-c", PROGRAM, "-j", "2", "--output-format=json", ".") as process:
        wait(lambda: Path("w0.py.begun").exists() and Path("w1.py.begun").exists())
        victim = next(pid for pid in members(process.pid) if pid != process.pid)
        Path("go").touch()
        os.kill(victim, signal.SIGKILL)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (1, "")
    assert {found["path"] for found in json.loads(output)} == {"a.py", "w0.py", "w1.py"}


def test_a_process_that_is_killed_while_it_answers() -> None:
    """What it has said by then is half a message, for whose end nobody may wait."""
    Path("w0.py").write_text(f"{BUGGY}# wait\n", "utf-8")
    Path("w1.py").write_text(BUGGY + "# more\n" * 50, "utf-8")
    dying = """
import signal
from multiprocessing.connection import Connection
ours, send = os.getpid(), Connection._send

def half(self, data, *more):
    if os.getpid() != ours and len(data) > 500 and not Path("go").exists():
        Path("go").touch()
        os.write(self.fileno(), bytes(data[:50]))
        os.kill(os.getpid(), signal.SIGKILL)
    send(self, data, *more)

Connection._send = half
sys.exit(main())
"""
    program = PROGRAM.replace("sys.exit(main())\n", dying)
    command = [sys.executable, "-I", "-c", program, "-j", "2", "--output-format=json", "w0.py", "w1.py"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (result.returncode, result.stderr) == (1, "")
    assert {found["path"] for found in json.loads(result.stdout)} == {"w0.py", "w1.py"}


def test_before_it_has_begun() -> None:
    program = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, *more):
        if name == "click":
            os.kill(os.getpid(), signal.SIGINT)
from attnlint.__main__ import main
sys.meta_path.insert(0, Interrupting())
sys.exit(main())
"""
    result = subprocess.run([sys.executable, "-I", "-c", program, "a.py"], capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (130, "", "")


@every_signal
def test_while_standard_input_is_read(number: signal.Signals) -> None:
    with started(script(), "-") as process:
        wait(lambda: listens(process.pid))
        process.send_signal(number)
        assert ended(process) == (STATUS[number], "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_watch(number: signal.Signals) -> None:
    pytest.importorskip("watchfiles")
    with started(script(), "--watch", ".") as process:
        assert process.stderr is not None
        assert "watching" in process.stderr.readline()
        process.send_signal(number)
        assert ended(process) == (STATUS[number], "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server(number: signal.Signals) -> None:
    pytest.importorskip("pygls")
    with started(script(), "server") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}})
        process.stdin.write(f"Content-Length: {len(asked)}\r\n\r\n{asked}")
        process.stdin.flush()
        assert process.stdout.readline().startswith("Content-Length")
        process.send_signal(number)
        assert process.wait(30) == STATUS[number]
        assert "Traceback" not in process.stderr.read() if process.stderr is not None else False


def ignores(pid: int, number: signal.Signals) -> bool:
    (mask,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigIgn"))
    return bool(int(mask.split()[1], 16) >> number - 1 & 1)


def test_what_is_ignored_stays_ignored() -> None:
    ignoring = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh"]
    with silent("pipe.py"), started(*ignoring, script(), "a.py", "pipe.py") as process:
        wait(lambda: listens(process.pid))
        process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        assert process.poll() is None


def test_what_is_ignored_stays_ignored_by_processes_that_share_the_work() -> None:
    shutil.copytree(CHECKOUT / "fixtures", "many", ignore=shutil.ignore_patterns("__pycache__"))
    run = [sys.executable, "-I", "-c", PROGRAM, "-j", "2", "--no-cache", "many"]
    expected = subprocess.run(run, capture_output=True, text=True)
    command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *run]
    with open("out", "w+") as out, open("err", "w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, start_new_session=True)
        wait(lambda: ignores(process.pid, signal.SIGHUP))
        while process.poll() is None:
            os.killpg(process.pid, signal.SIGHUP)
            time.sleep(0.02)
    said = Path("out").read_text("utf-8"), Path("err").read_text("utf-8")
    assert (said, process.returncode) == ((expected.stdout, expected.stderr), expected.returncode)


@pytest.mark.parametrize("closed", ["stdout", "stderr", "both"])
def test_a_reader_that_has_left(closed: str) -> None:
    Path("b.py").write_text("def (", "utf-8")
    reading, writing = os.pipe()
    os.close(reading)
    streams = {name: writing if closed in (name, "both") else subprocess.PIPE for name in ("stdout", "stderr")}
    result = subprocess.run([script(), "a.py", "b.py"], text=True, stdout=streams["stdout"], stderr=streams["stderr"])
    os.close(writing)
    assert result.returncode == 2
    assert not result.stderr or result.stderr.count("\n") == 1


@pytest.mark.parametrize("option", [["--fix", "--unsafe-fixes"], ["-o", "old.json"], ["--write-baseline=old.json"]])
def test_a_full_disk(option: list[str]) -> None:
    baseline = '{\n  "version": 1,\n  "findings": []\n}\n'
    Path("old.json").write_text(baseline)
    program = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); import sys; "
    program += "from attnlint.__main__ import main; sys.exit(main())"
    command = [sys.executable, "-I", "-B", "-c", program, *option, "a.py"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    said = [line for line in result.stderr.splitlines() if "File too large" in line]
    assert len(said) == 1
    assert "Traceback" not in result.stderr
    assert (Path("a.py").read_text("utf-8"), Path("old.json").read_text()) == (BUGGY, baseline)
    assert sorted(os.listdir()) == ["a.py", "old.json"]


def test_what_is_typed_is_said_without_control() -> None:
    """A shell puts names of files there, and those of a stranger may begin with a dash."""
    result = subprocess.run([script(), "--x\x1b[31m\n::error::y", "a.py"], capture_output=True, text=True)
    assert result.returncode == 2
    assert "\x1b" not in result.stderr
    assert not [line for line in result.stderr.splitlines() if line.startswith("::")]
