"""``--watch``: for real, through the installed script, and what it remembers between runs."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from test_cli import BUGGY, CLEAN, FOUND, places, run, script

from attnlint.config import Configuration
from attnlint.runs import lint_paths
from attnlint.watching import Memory

PATIENCE = 30
"""Seconds in which a report has to come, on any machine."""
BOTH = [found.replace("buggy", "src/m") for found in FOUND]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="interrupts are sent otherwise here")


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERM", "xterm")
    Path("src").mkdir()
    Path("src/m.py").write_text(BUGGY, "utf-8")
    return tmp_path


class Watched:
    """A run of ``attnlint --watch`` whose reports are read one by one, standard error among them."""

    def __init__(self, *arguments: str) -> None:
        command = [script(), "--watch", "--output-format=concise", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))

    def report(self) -> list[str]:
        """The lines of the next report, the one that ends it left out; places alone of findings."""
        lines = []
        while "; Ctrl-C ends" not in (line := self._lines.get(timeout=PATIENCE)):
            lines.append(line)
        return places("\n".join(line for line in lines if ": ATN" in line)) + [x for x in lines if ": ATN" not in x]

    def until(self, expected: list[str]) -> None:
        """Wait for a report; changes that are made in steps may be reported in steps."""
        reports = [self.report()]
        while reports[-1] != expected:
            assert len(reports) < 5, reports
            reports.append(self.report())

    def interrupt(self) -> tuple[int, list[str]]:
        """The exit status after Ctrl-C, and what was printed since the last report."""
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(PATIENCE)
        return status, [line for line in self._lines.queue if line]


@contextmanager
def watching(*arguments: str) -> Iterator[Watched]:
    watched = Watched(*arguments)
    try:
        yield watched
    finally:
        watched.process.kill()
        watched.process.wait()


class TestForReal:
    def test_a_change_is_reported_and_control_c_ends(self) -> None:
        with watching("src") as watched:
            assert watched.report() == BOTH
            Path("src/m.py").write_text(CLEAN, "utf-8")
            watched.until([])
            Path("src/new.py").write_text(BUGGY, "utf-8")
            watched.until([found.replace("buggy", "src/new") for found in FOUND])
            assert watched.interrupt() == (130, [])

    def test_control_c_right_away(self) -> None:
        with watching("src") as watched:
            watched.report()
            assert watched.interrupt() == (130, [])

    def test_half_written_deleted_and_renamed_files(self) -> None:
        with watching("src") as watched:
            watched.report()
            Path("src/m.py").write_text(BUGGY[:-20], "utf-8")
            watched.until(["src/m.py:12: '(' was never closed"])
            Path("src/m.py").unlink()
            watched.until(["attnlint: no files to check found"])
            Path("other").write_text(BUGGY, "utf-8")
            Path("other").rename("src/m.py")
            watched.until(BOTH)
            Path("src").rename("gone")
            watched.until(["src: no such file or folder"])
            Path("gone").rename("src")
            watched.until(BOTH)
            Path("src/deep").mkdir()
            Path("src/m.py").rename("src/deep/m.py")
            watched.until([found.replace("buggy", "src/deep/m") for found in FOUND])
            shutil.rmtree("src/deep")
            watched.until(["attnlint: no files to check found"])
            assert watched.interrupt() == (130, [])

    def test_a_named_file_that_an_editor_replaces(self) -> None:
        with watching("src/m.py") as watched:
            assert watched.report() == BOTH
            for text, expected in ((CLEAN, []), (BUGGY, BOTH)):
                Path("src/m.py~").write_text(text, "utf-8")
                Path("src/m.py~").rename("src/m.py")
                watched.until(expected)

    def test_a_file_that_is_ignored_from_now_on(self, inside: Path) -> None:
        (inside / ".git").mkdir()
        with watching(".") as watched:
            assert watched.report() == BOTH
            Path(".gitignore").write_text("src/\n", "utf-8")
            watched.until(["attnlint: no files to check found"])

    def test_settings_that_change_count_for_all_files(self) -> None:
        with watching("src") as watched:
            assert watched.report() == BOTH
            Path("attnlint.toml").write_text('ignore = ["ATN204"]', "utf-8")
            watched.until(BOTH[1:])
            Path("src/attnlint.toml").write_text("ignore = 3", "utf-8")
            watched.until(
                ["src/attnlint.toml:1: `ignore` has to be a list of codes, their beginnings, or names of rules, not 3"]
            )
            Path("src/attnlint.toml").unlink()
            watched.until(BOTH[1:])
            Path("attnlint.toml").unlink()
            watched.until(BOTH)

    def test_the_folders_that_are_searched_are_those_of_the_settings(self) -> None:
        Path("attnlint.toml").write_text('exclude = ["src"]', "utf-8")
        Path("build").mkdir()
        with watching(".") as watched:
            assert watched.report() == ["attnlint: no files to check found"]
            Path("build/m.py").write_text(BUGGY, "utf-8")
            watched.until([found.replace("buggy", "build/m") for found in FOUND])

    def test_findings_of_a_baseline_stay_silent(self) -> None:
        run("--write-baseline", "known.json", "src")
        with watching("--baseline", "known.json", "src") as watched:
            assert watched.report() == []
            Path("src/m.py").write_text(BUGGY.replace("mask == 0", "mask == 1"), "utf-8")
            assert watched.report()[0] == "src/m.py:6:5: ATN204"

    def test_a_baseline_that_changes(self) -> None:
        run("--write-baseline", "known.json", "src")
        known = Path("known.json").read_text("utf-8")
        with watching("--baseline", "known.json", "src") as watched:
            assert watched.report() == []
            Path("known.json").unlink()
            watched.until(["attnlint: known.json: no such baseline; --write-baseline makes it"])
            Path("known.json").write_text(known.replace("ATN204", "ATN999"), "utf-8")
            watched.until([BOTH[0]])
            Path("known.json").write_text(known, "utf-8")
            watched.until([])

    @pytest.mark.parametrize(
        ("old", "new", "reason"),
        [
            ("src/m.py", "sub\\u0000/m.py", "entry 1 has a path that no file can have"),
            ("src/m.py", "\\ud800/m.py", "entry 1 has a path that no file can have"),
            ('"count": 1', '"count": 0', "entry 1 lacks a path, code, fingerprint or count"),
        ],
    )
    def test_a_baseline_that_cannot_be_used_any_more(self, old: str, new: str, reason: str) -> None:
        run("--write-baseline", "known.json", "src")
        known = Path("known.json").read_text("utf-8")
        with watching("--baseline", "known.json", "src") as watched:
            assert watched.report() == []
            Path("known.json").write_text(known.replace(old, new), "utf-8")
            watched.until([f"attnlint: known.json: is not a baseline: {reason}"])
            Path("known.json").write_text(known.replace("ATN204", "ATN999"), "utf-8")
            watched.until([BOTH[0]])

    def test_a_baseline_of_settings_that_change(self) -> None:
        run("--write-baseline", "known.json", "src")
        with watching("src") as watched:
            assert watched.report() == BOTH
            Path("attnlint.toml").write_text('baseline = "known.json"', "utf-8")
            watched.until([])

    def test_a_named_file_that_is_deleted_and_written_anew(self) -> None:
        Path("other").mkdir()
        with watching("src/m.py", "other") as watched:
            assert watched.report() == BOTH
            for text, expected in ((CLEAN, []), (BUGGY, BOTH)):
                Path("src/m.py").unlink()
                watched.until(["src/m.py: no such file or folder"])
                Path("src/m.py").write_text(text, "utf-8")
                watched.until(expected)
            Path("src/m.py").write_text(CLEAN, "utf-8")
            watched.until([])

    @pytest.mark.skipif(sys.platform != "linux", reason="the system tells what is watched there")
    def test_the_folder_of_a_named_file_is_not_watched(self, inside: Path) -> None:
        for number in range(20):
            (inside / "home" / str(number)).mkdir(parents=True)
        Path("home/x.py").write_text(BUGGY, "utf-8")
        with watching("home/x.py", "src") as watched:
            assert len(watched.report()) == 4
            Path("home/x.py").write_text(CLEAN, "utf-8")
            watched.until(BOTH)
            descriptors = Path(f"/proc/{watched.process.pid}/fdinfo").iterdir()
            assert sum(one.read_text().count("inotify wd:") for one in descriptors) == 2

    def test_a_reader_that_leaves_ends_it(self) -> None:
        command = [script(), "--watch", "src"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout
                assert process.stderr
                process.stdout.close()
                process.wait(PATIENCE)
                assert "Traceback" not in process.stderr.read()
            finally:
                process.kill()

    def test_the_screen_is_cleared_on_a_terminal(self) -> None:
        import pty

        ours, theirs = pty.openpty()
        with subprocess.Popen([script(), "--watch", "src"], stdout=theirs, stderr=theirs, stdin=theirs) as process:
            os.close(theirs)
            output = b""
            while b"Ctrl-C ends" not in output:
                output += os.read(ours, 4096)
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 130
        os.close(ours)
        assert output.startswith(b"\x1b[2J\x1b[1;1H")


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (["-"], "standard input does not change"),
            *(([option, "src"], "--watch does not go with") for option in ("--fix", "--add-ignore", "--diff")),
        ],
    )
    def test_what_does_not_go_together(self, arguments: list[str], reason: str) -> None:
        result = run("--watch", *arguments)
        assert (result.returncode, result.stdout) == (2, "")
        assert reason in result.stderr

    def test_without_watchfiles(self) -> None:
        program = (
            "import sys; sys.modules['watchfiles'] = None; from attnlint.cli import main; "
            "sys.argv = ['attnlint', '--watch', 'src']; sys.exit(main())"
        )
        result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr == "Error: --watch needs the package watchfiles: pip install 'attnlint[watch]'\n"

    def test_other_runs_do_not_import_it(self) -> None:
        program = (
            "import sys; from attnlint.cli import main; sys.argv = ['attnlint', 'src']; main(); "
            "unused = {'watchfiles', *('attnlint.' + name for name in ('baseline', 'folding', 'watching'))}; "
            "print('LOADED', *(unused & set(sys.modules)))"
        )
        result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert result.stdout.endswith("\nLOADED\n")


class TestMemory:
    def test_only_what_changed_is_linted_again(self) -> None:
        Path("src/other.py").write_text(BUGGY, "utf-8")
        memory, config = Memory(), Configuration()
        first = memory.lint(["src"], config)
        assert (memory.linted, len(first.diagnostics)) == (["src/m.py", "src/other.py"], 4)
        assert memory.lint(["src"], config) == first
        assert memory.linted == []
        Path("src/other.py").write_text(CLEAN, "utf-8")
        assert len(memory.lint(["src"], config).diagnostics) == 2
        assert memory.linted == ["src/other.py"]
        Path("src/m.py").unlink()
        assert memory.lint(["src"], config).diagnostics == []
        assert memory.linted == []

    def test_files_with_other_settings_are_linted_again(self) -> None:
        Path("src/sub").mkdir()
        Path("src/sub/other.py").write_text(BUGGY, "utf-8")
        memory, config = Memory(), Configuration()
        memory.lint(["src"], config)
        Path("src/sub/attnlint.toml").write_text('ignore = ["ATN204"]', "utf-8")
        assert len(memory.lint(["src"], config.reread()).diagnostics) == 3
        assert memory.linted == ["src/sub/other.py"]
        assert memory.lint(["src"], config).diagnostics != memory.lint(["src"], config.reread()).diagnostics

    def test_its_report_is_that_of_a_run(self) -> None:
        Path("src/broken.py").write_text("def (", "utf-8")
        memory = Memory()
        for _ in range(2):
            assert memory.lint(["src", "missing.py"], Configuration()) == lint_paths(["src", "missing.py"])

    def test_progress_is_told(self) -> None:
        told: list[tuple[int, int]] = []
        Memory().lint(["src"], Configuration(), lambda done, total: told.append((done, total)))
        assert told == [(0, 1), (1, 1)]
