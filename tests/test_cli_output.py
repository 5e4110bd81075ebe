"""The options for reports, through the command line."""

from __future__ import annotations

import io
import json
import os
import re
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import test_cli
from format_support import valid_gitlab, valid_junit, valid_rdjson, valid_sarif
from in_process import run
from test_cli import BUGGY, CLEAN, FOUND, places, script

from attnlint.cli import progress
from attnlint.runs import lint_paths


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("CI", "CI_PROJECT_DIR", "FORCE_COLOR", "GITHUB_WORKSPACE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    Path("buggy.py").write_text(BUGGY, "utf-8")
    Path("clean.py").write_text(CLEAN, "utf-8")
    return tmp_path


class TestFormats:
    def test_sarif(self) -> None:
        Path("broken.py").write_text("def (", "utf-8")
        result = run("--output-format=sarif", ".")
        assert result.returncode == 2
        (log,) = valid_sarif(result.stdout)["runs"]
        regions = [one["locations"][0]["physicalLocation"]["region"] for one in log["results"]]
        assert [(region["startLine"], region["startColumn"]) for region in regions] == [(6, 5), (11, 14)]
        assert [one["ruleId"] for one in log["results"]] == ["ATN204", "ATN101"]
        (notification,) = log["invocations"][0]["toolExecutionNotifications"]
        assert notification["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "broken.py"

    def test_gitlab_fingerprints_outlive_moved_lines(self) -> None:
        before = valid_gitlab(run("--output-format=gitlab", "buggy.py").stdout)
        Path("buggy.py").write_text(BUGGY.replace("import torch\n", "import os\nimport torch\n\n\n"), "utf-8")
        after = valid_gitlab(run("--output-format=gitlab", "buggy.py").stdout)
        assert [one["location"]["positions"]["begin"]["line"] for one in before] == [6, 11]
        assert [one["location"]["positions"]["begin"]["line"] for one in after] == [9, 14]
        assert [one["fingerprint"] for one in before] == [one["fingerprint"] for one in after]

    def test_junit(self) -> None:
        root = valid_junit(run("--output-format=junit", ".").stdout)
        assert [suite.get("name") for suite in root] == ["buggy.py"]
        assert (root.get("tests"), root.get("failures")) == ("2", "2")
        clean = run("--output-format=junit", "clean.py")
        assert clean.returncode == 0
        assert valid_junit(clean.stdout).get("failures") == "0"

    def test_rdjson(self) -> None:
        found = valid_rdjson(run("--output-format=rdjson", ".").stdout)["diagnostics"]
        assert [one["code"]["value"] for one in found] == ["ATN204", "ATN101"]

    def test_json_lines(self) -> None:
        lines = run("--output-format=json-lines", ".").stdout.splitlines()
        assert [json.loads(line) for line in lines] == json.loads(run("--output-format=json", ".").stdout)

    def test_grouped(self) -> None:
        lines = run("--output-format=grouped", ".").stdout.splitlines()
        assert lines[0] == "buggy.py"
        assert lines[1].startswith("  6:5    ATN204 discarded-mask: ")
        assert lines[2].startswith("  11:14  ATN101 missing-scale: ")
        assert lines[3:] == [
            "",
            "Found 1 error, 1 warning in 1 file; 2 files checked.",
            "2 fixable with --fix --unsafe-fixes.",
        ]

    @pytest.mark.skipif(sys.platform != "linux", reason="names of files are text there")
    def test_a_name_that_is_not_utf_8(self) -> None:
        with open(b"caf\xe9.py", "w", encoding="utf-8") as file:
            file.write(BUGGY)
        log = valid_sarif(run("--output-format=sarif", "--select=ATN204", ".").stdout)
        uris = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in log["runs"][0]["results"]]
        assert uris == ["buggy.py", "caf%E9.py"]
        found = json.loads(run("--output-format=json", "--select=ATN204", ".").stdout)
        assert [one["path"] for one in found] == ["buggy.py", r"caf\xe9.py"]
        assert len(valid_junit(run("--output-format=junit", ".").stdout)) == 2

    @pytest.mark.skipif(sys.platform == "win32", reason="no such names there")
    def test_the_name_of_a_file_commands_no_ci(self) -> None:
        name = "::error file=x::pwned.py"
        Path(name).write_text(BUGGY, "utf-8")
        for output_format in ("concise", "grouped", "full"):
            result = run(f"--output-format={output_format}", "--select=ATN204", name)
            assert name in result.stdout
            assert not [line for line in result.stdout.splitlines() if line.startswith("::")]
        assert run("::gone.py").stderr == "./::gone.py: no such file or folder\n"


class TestFiles:
    def test_the_report_goes_to_the_file_alone(self) -> None:
        result = run("--output-format=json", "--output-file=report.json", "buggy.py")
        assert (result.returncode, result.stdout, result.stderr) == (1, "", "")
        written = Path("report.json").read_text("utf-8")
        assert written == run("--output-format=json", "buggy.py").stdout
        assert run("--output-format=json", "-o", "report.json", "clean.py").returncode == 0
        assert Path("report.json").read_text("utf-8") == "[]\n"
        assert sorted(os.listdir()) == ["buggy.py", "clean.py", "report.json"]

    def test_a_dash_is_standard_output(self) -> None:
        assert run("-o", "-", "buggy.py").stdout == run("buggy.py").stdout
        assert not Path("-").exists()

    def test_problems_are_told_all_the_same(self) -> None:
        result = run("-o", "report.txt", "gone.py", "buggy.py", "--output-format=concise")
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr == "gone.py: no such file or folder\n"
        assert places(Path("report.txt").read_text("utf-8")) == FOUND

    @pytest.mark.skipif(sys.platform == "win32", reason="no such modes there")
    def test_modes(self) -> None:
        Path("old.txt").write_text("old", "utf-8")
        Path("old.txt").chmod(0o600)
        before = os.umask(0o027)
        try:
            run("-o", "old.txt", "buggy.py")
            run("-o", "new.txt", "buggy.py")
        finally:
            os.umask(before)
        assert [stat.S_IMODE(Path(name).stat().st_mode) for name in ("old.txt", "new.txt")] == [0o600, 0o640]

    def test_a_folder_and_a_folder_that_is_missing_are_refused_before_the_run(self) -> None:
        Path("reports").mkdir()
        for path, reason in (("reports", "'reports' is a folder; name a file in it."), ("no/r.txt", "no folder 'no'")):
            result = run("--output-file", path, "buggy.py")
            assert (result.returncode, result.stdout) == (2, "")
            assert reason in result.stderr
        assert os.listdir("reports") == []

    @pytest.mark.skipif(sys.platform == "win32", reason="no such modes there")
    def test_a_file_that_is_read_only_stays_as_it_is(self) -> None:
        Path("report.txt").write_text("precious", "utf-8")
        Path("report.txt").chmod(0o444)
        result = run("--output-file=report.txt", "buggy.py")
        assert (result.returncode, result.stderr) == (2, "report.txt: cannot be written: is read-only\n")
        assert Path("report.txt").read_text("utf-8") == "precious"

    @pytest.mark.skipif(sys.platform == "win32", reason="no such devices there")
    def test_what_is_no_file_is_written_to(self) -> None:
        result = test_cli.run("--output-file=/dev/stdout", "--output-format=concise", "buggy.py")
        assert places(result.stdout) == FOUND
        assert run("--output-file=/dev/null", "buggy.py").returncode == 1
        assert stat.S_ISCHR(os.stat("/dev/null").st_mode)

    def test_with_fix_standard_output_is_the_source_alone(self) -> None:
        result = run("--fix", "-o", "report.txt", "-", stdin=BUGGY)
        assert (result.returncode, result.stdout, result.stderr) == (1, BUGGY, "")
        assert "ATN204" in Path("report.txt").read_text("utf-8")

    def test_one_run_makes_several_reports(self) -> None:
        result = run("--output-format=concise", "--report=json=all.json", "--report", "sarif=x=y.sarif", "buggy.py")
        assert (result.returncode, places(result.stdout), result.stderr) == (1, FOUND, "")
        assert Path("all.json").read_text("utf-8") == run("--output-format=json", "buggy.py").stdout
        assert Path("x=y.sarif").read_text("utf-8") == run("--output-format=sarif", "buggy.py").stdout

    def test_several_reports_of_one_fix_agree(self) -> None:
        result = run("--fix", "--unsafe-fixes", "--output-format=json", "--report=json=r.json", "buggy.py", "gone.py")
        assert (result.returncode, result.stdout) == (2, Path("r.json").read_text("utf-8"))
        assert Path("buggy.py").read_text("utf-8") != BUGGY

    @pytest.mark.parametrize(
        ("given", "reason"),
        [
            ("report.json", "FORMAT=FILE is meant, with a FORMAT of "),
            ("nonsense=r.txt", "FORMAT=FILE is meant, with a FORMAT of "),
            ("json=", "FORMAT=FILE is meant, with a FORMAT of "),
            ("json=-", "what goes to the screen is chosen by --output-format."),
            ("json=no/r.json", "there is no folder 'no' to write 'no/r.json' in."),
        ],
    )
    def test_a_further_report_that_cannot_be(self, given: str, reason: str) -> None:
        result = run("--report", given, "buggy.py")
        assert (result.returncode, result.stdout) == (2, "")
        assert reason in " ".join(result.stderr.split())

    @pytest.mark.parametrize("option", ["--output-file=report.txt", "--report=json=report.txt"])
    def test_a_diff_is_no_report(self, option: str) -> None:
        result = run("--diff", option, "buggy.py")
        assert (result.returncode, result.stdout) == (2, "")
        assert "--diff" in result.stderr
        assert not Path("report.txt").exists()


class TestStatistics:
    def test_for_people(self) -> None:
        Path("second.py").write_text(BUGGY, "utf-8")
        for output_format in ("full", "grouped", "concise"):
            result = run("--statistics", f"--output-format={output_format}", "--ignore=ATN101", ".", "buggy.py")
            assert result.returncode == 1
            assert result.stdout == (
                "count  code    name            fixable\n"
                "    2  ATN204  discarded-mask  2 unsafe\n"
                "\n"
                "Found 2 errors in 2 files; 3 files checked.\n"
                "2 fixable with --fix --unsafe-fixes.\n"
            )

    def test_the_most_frequent_come_first(self) -> None:
        Path("buggy.py").write_text(BUGGY + BUGGY.partition("\n\n\ndef attend_all")[2].join(["def again", ""]), "utf-8")
        rows = run("--statistics", "-q", ".").stdout.splitlines()
        assert [row.split()[:2] for row in rows] == [["count", "code"], ["2", "ATN101"], ["1", "ATN204"]]

    def test_for_programs(self) -> None:
        expected = [
            {"code": "ATN101", "name": "missing-scale", "count": 1, "fixable": {"safe": 0, "unsafe": 1}},
            {"code": "ATN204", "name": "discarded-mask", "count": 1, "fixable": {"safe": 0, "unsafe": 1}},
        ]
        assert json.loads(run("--statistics", "--output-format=json", ".").stdout) == expected
        lines = run("--statistics", "--output-format=json-lines", ".").stdout.splitlines()
        assert [json.loads(line) for line in lines] == expected

    def test_where_nothing_was_found(self) -> None:
        assert run("--statistics", "clean.py").stdout == "Nothing found: 1 file checked.\n"
        assert run("--statistics", "-q", "clean.py").stdout == ""
        assert json.loads(run("--statistics", "--output-format=json", "clean.py").stdout) == []

    def test_a_format_that_has_none_says_which_have(self) -> None:
        result = run("--statistics", "--output-format=sarif", "buggy.py")
        assert (result.returncode, result.stdout) == (2, "")
        assert "concise, full, grouped, json, json-lines" in result.stderr


class TestStatus:
    def test_exit_zero(self) -> None:
        result = run("--exit-zero", "--output-format=concise", "buggy.py")
        assert (result.returncode, places(result.stdout)) == (0, FOUND)
        assert run("--exit-zero", "buggy.py", "gone.py").returncode == 2
        assert run("--exit-zero", "--diff", "--unsafe-fixes", "buggy.py").returncode == 0

    def test_quiet(self) -> None:
        assert run("-q", "clean.py").stdout == ""
        loud, quiet = run("buggy.py").stdout, run("--quiet", "buggy.py").stdout
        assert loud.startswith(quiet)
        assert loud.removeprefix(quiet).startswith("Found 1 error, 1 warning")
        Path("empty").mkdir()
        assert run("-q", "empty").stderr == ""
        assert run("-q", "gone.py").stderr == "gone.py: no such file or folder\n"


class TestColour:
    @pytest.mark.parametrize(
        ("environment", "options", "is_colored"),
        [
            ({}, [], False),
            ({}, ["--color=always"], True),
            ({"FORCE_COLOR": "1"}, [], True),
            ({"FORCE_COLOR": ""}, [], False),
            ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, [], False),
            ({"NO_COLOR": "1"}, ["--color=always"], True),
            ({"FORCE_COLOR": "1"}, ["--color=never"], False),
        ],
    )
    def test_in_a_pipe(
        self, environment: dict[str, str], options: list[str], is_colored: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert ("\x1b[" in run(*options, "buggy.py").stdout) == is_colored
        assert "\x1b" not in run("--output-format=junit", *options, "buggy.py").stdout

    def test_in_a_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FORCE_COLOR", "1")
        run("-o", "plain.txt", "buggy.py")
        run("-o", "colored.txt", "--color=always", "buggy.py")
        assert [b"\x1b[" in Path(name).read_bytes() for name in ("plain.txt", "colored.txt")] == [False, True]


def drawn(text: str) -> list[str]:
    """The lines that a terminal shows in the end."""
    shown = []
    for line in text.replace("\r\n", "\n").split("\n"):
        cells: list[str] = []
        for part in line.split("\r"):
            cells[: len(part)] = part
        shown.append("".join(cells).rstrip())
    return shown


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def slow() -> Iterator[str]:
    """The path of a source that a run waits for longer than it takes until it shows how far it is."""

    def write() -> None:
        with open("slow.py", "w", encoding="utf-8") as pipe:  # waits for the run to open it
            time.sleep(progress._AFTER + 0.2)
            pipe.write(CLEAN)

    os.mkfifo("slow.py")
    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    yield "slow.py"
    writer.join(10)


class TestProgress:
    @pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals here")
    @pytest.mark.parametrize(
        ("environment", "options", "is_shown"),
        [({}, [], True), ({}, ["--fix"], True), ({"CI": "true"}, [], False), ({}, ["-q"], False)],
    )
    def test_on_a_terminal_and_gone_in_the_end(
        self,
        slow: str,
        environment: dict[str, str],
        options: list[str],
        is_shown: bool,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        import pty

        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        ours, theirs = pty.openpty()
        command = [script(), "--output-format=concise", *options, slow, "buggy.py", "gone.py"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, encoding="utf-8") as process:
            os.close(theirs)
            error = b""
            while part := self.read(ours):
                error += part
            assert process.stdout
            output = process.stdout.read()
        os.close(ours)
        assert (re.search(r"\r\[#+\.*\] \d/3 files", error.decode()) is not None) == is_shown
        assert drawn(error.decode()) == ["gone.py: no such file or folder", ""]
        assert places(output) == FOUND

    @staticmethod
    def read(terminal: int) -> bytes:
        try:
            return os.read(terminal, 4096)
        except OSError:  # Linux reports the end of a pseudo-terminal this way
            return b""

    @pytest.mark.skipif(sys.platform == "win32", reason="no named pipes here")
    def test_never_in_a_pipe(self, slow: str) -> None:
        assert test_cli.run(slow).stderr == ""

    def test_it_is_not_imported_to_do_nothing(self) -> None:
        program = "import sys; from attnlint.cli import main; sys.argv[1:] = ['--version']; main(); print(*sys.modules)"
        loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        assert "attnlint.cli" in loaded
        assert "attnlint.cli.progress" not in loaded

    def test_the_engine_tells_how_many_of_how_many(self) -> None:
        told: list[tuple[int, int]] = []
        report = lint_paths(["buggy.py", "gone.py", "clean.py"], progress=lambda *numbers: told.append(numbers))
        assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
        assert report.diagnostics == lint_paths(["buggy.py", "clean.py"]).diagnostics

    def test_a_bar(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = 0.0
        monkeypatch.setattr(time, "monotonic", lambda: now)
        monkeypatch.setenv("COLUMNS", "31")
        stream = Terminal()
        bar = progress.Bar(stream, 0.5)
        bar.update(0, 200)
        assert stream.getvalue() == ""
        now = 0.6
        bar.update(50, 200)
        bar.update(51, 200)
        assert drawn(stream.getvalue()) == ["[###............] 50/200 files"]
        now = 0.8
        monkeypatch.setenv("COLUMNS", "14")
        bar.update(100, 200)
        assert drawn(stream.getvalue()) == ["100/200 files"]
        bar.close()
        now = 2.0
        bar.update(101, 200)
        assert drawn(stream.getvalue()) == [""]
        assert "\n" not in stream.getvalue()

    def test_it_is_gone_after_an_error_and_makes_way_for_a_warning(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import warnings

        stream = Terminal()
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setattr(progress, "_AFTER", -1.0)

        def interrupted() -> None:
            with progress.shown_progress(quiet=False) as update:
                assert update
                update(1, 3)
                assert drawn(stream.getvalue())[-1].endswith("] 1/3 files")
                warnings.showwarning("look here", UserWarning, "m.py", 1)
                raise KeyboardInterrupt

        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_: stream.write(f"{message}\n")  # type: ignore[assignment]
            with pytest.raises(KeyboardInterrupt):
                interrupted()
        assert drawn(stream.getvalue()) == ["look here", ""]
