"""The command line, through the installed ``attnlint`` script."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

import attnlint
from attnlint import cli
from attnlint.rule import Installed, discover

BUGGY = """\
import torch


def attend(q, k, v, mask):
    scores = q @ k.transpose(-2, -1) / k.size(-1) ** 0.5
    scores.masked_fill(mask == 0, float("-inf"))
    return torch.softmax(scores, dim=-1) @ v


def attend_all(q, k, v):
    scores = q @ k.transpose(-2,-1)
    return torch.softmax(scores, dim=-1) @ v
"""
CLEAN = BUGGY.replace("    scores.masked_fill", "    scores = scores.masked_fill").replace(
    "    scores = q @ k.transpose(-2,-1)\n", "    scores = q @ k.transpose(-2,-1) / k.size(-1) ** 0.5\n"
)
FOUND = ["buggy.py:6:5: ATN204", "buggy.py:11:14: ATN101"]


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CI", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    Path("buggy.py").write_text(BUGGY)
    Path("clean.py").write_text(CLEAN)


def script() -> str:
    path = shutil.which("attnlint", path=sysconfig.get_path("scripts"))
    assert path, "attnlint is not installed in this environment"
    return path


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [script(), *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, encoding="utf-8", check=False)


def places(output: str) -> list[str]:
    """The ``path:line:column: CODE`` of concise output."""
    return [" ".join(line.split(" ")[:2]) for line in output.splitlines()]


def modules_after(*arguments: str) -> set[str]:
    """Which of the heavy modules a run of the command line imports."""
    program = (
        "import sys; from attnlint.cli import main; sys.argv = ['attnlint', *sys.argv[1:]]; main();"
        "print('\\nLOADED', *({'ast', 'click', 'libcst', 'pathspec', 'torch', 'numpy'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, *arguments]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return set(output.rpartition("LOADED")[2].split())


class TestReports:
    def test_findings_exit_with_1(self) -> None:
        result = run("--output-format", "concise", "buggy.py")
        assert places(result.stdout) == FOUND
        assert (result.returncode, result.stderr) == (1, "")

    def test_nothing_found_exits_with_0(self) -> None:
        result = run("clean.py")
        assert (result.returncode, result.stdout, result.stderr) == (0, "Nothing found: 1 file checked.\n", "")

    def test_check_is_the_default_command(self) -> None:
        assert run("check", "buggy.py").stdout == run("buggy.py").stdout
        assert run("--ignore", "ATN1", "buggy.py").stdout == run("check", "buggy.py", "--ignore=ATN1").stdout

    def test_full_is_the_default_format(self) -> None:
        text = run("buggy.py").stdout
        assert "[ATN204] discarded-mask" in text
        assert '6 |     scores.masked_fill(mask == 0, float("-inf"))' in text
        assert "^^^^" in text
        assert "2 files" not in text

    def test_folders_and_files_together(self) -> None:
        Path("deep/er").mkdir(parents=True)
        shutil.copy("buggy.py", "deep/er/b.py")
        result = run("--output-format=concise", "--select=ATN204", "deep", "buggy.py", ".")
        assert places(result.stdout) == ["buggy.py:6:5: ATN204", f"{Path('deep/er/b.py')}:6:5: ATN204"]

    def test_standard_input(self) -> None:
        result = run("--output-format=concise", "-", stdin=BUGGY)
        assert places(result.stdout) == [found.replace("buggy.py", "-") for found in FOUND]
        assert "6 |     scores.masked_fill" in run("-", stdin=BUGGY).stdout

    def test_json(self) -> None:
        result = run("buggy.py", "--output-format=json")
        first, second = json.loads(result.stdout)
        assert (first["code"], first["line"], first["column"], first["end_line"]) == ("ATN204", 6, 5, 6)
        assert (second["code"], second["severity"]) == ("ATN101", "warning")
        assert first["path"] == "buggy.py"

    def test_github(self) -> None:
        assert run("buggy.py", "--output-format=github").stdout.startswith("::error file=buggy.py,line=6,col=5,")

    def test_suppressed_findings_are_gone(self) -> None:
        text = BUGGY.replace('"-inf"))', '"-inf"))  # noqa: ATN204').replace("(-2,-1)", "(-2,-1)  # attnlint: ignore")
        assert run("-", stdin=text).returncode == 0

    def test_columns_count_code_points(self) -> None:
        text = BUGGY.replace("    scores.masked", "    '🙂é'; scores.masked")
        assert "-:6:11: ATN204" in places(run("--output-format=concise", "-", stdin=text).stdout)


class TestSelection:
    def test_select_and_ignore(self) -> None:
        def codes(*options: str) -> list[str]:
            return [found["code"] for found in json.loads(run("--output-format=json", *options, "buggy.py").stdout)]

        assert codes("--select", "ATN2") == ["ATN204"]
        assert codes("--select", "atn2,ATN101") == ["ATN204", "ATN101"]
        assert codes("--select", "ATN2", "--select", "missing-scale") == ["ATN204", "ATN101"]
        assert codes("--ignore", "ATN2") == ["ATN101"]
        assert codes("--select", "ATN", "--ignore", "ATN1, ATN2") == []

    @pytest.mark.parametrize(
        ("option", "nearest"), [("ATN2O4", "ATN204"), ("mising-scale", "missing-scale"), ("E501", "attnlint rules")]
    )
    def test_an_unknown_code_is_an_error_that_names_the_nearest(self, option: str, nearest: str) -> None:
        for name in ("--select", "--ignore"):
            result = run(name, option, "buggy.py")
            assert (result.returncode, result.stdout) == (2, "")
            assert repr(option) in result.stderr
            assert nearest in result.stderr


class TestProblems:
    def test_what_cannot_be_read_is_one_line_and_the_rest_is_reported(self) -> None:
        Path("syntax.py").write_text("import torch\nx = softmax(\n")
        Path("encoding.py").write_bytes(b"import torch\n\n# \xff softmax\n")
        Path("declared.py").write_text("# coding: klingon\nimport torch; torch.softmax\n")
        result = run("--output-format=concise", "missing.py", ".")
        assert result.returncode == 2
        assert places(result.stdout) == FOUND
        lines = result.stderr.splitlines()
        assert len(lines) == 4
        assert "missing.py: no such file or folder" in lines
        for start in ("declared.py:1: ", "encoding.py:3: ", "syntax.py:2: "):
            assert any(line.startswith(start) for line in lines), (start, lines)

    def test_names_of_files_reach_the_terminal_escaped(self) -> None:
        result = run("\x1b[31mred.py")
        assert result.stderr == "\\x1b[31mred.py: no such file or folder\n"

    def test_an_empty_folder_is_told(self) -> None:
        Path("empty").mkdir()
        result = run("empty")
        assert (result.returncode, result.stderr) == (0, "attnlint: no files to check found\n")

    def test_usage_errors(self) -> None:
        for arguments in (["check"], ["--output-format=xml", "buggy.py"], ["--frobnicate", "buggy.py"]):
            result = run(*arguments)
            assert (result.returncode, result.stdout) == (2, "")
            assert "Error: " in result.stderr

    def test_broken_rules_are_one_line_and_the_others_go_on(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        broken = Installed(discover(), ("rules of pack: pack cannot be imported: no module of that name",))
        monkeypatch.setattr("attnlint.rule.installed", lambda: broken)
        assert main(monkeypatch, "--output-format=concise", "buggy.py") == 2
        output = capsys.readouterr()
        assert output.err == "attnlint: rules of pack: pack cannot be imported: no module of that name\n"
        assert places(output.out) == FOUND

    def test_a_rule_in_preview_is_told_once(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(discover()["ATN204"], "preview", True)
        assert main(monkeypatch, "--select=ATN204,ATN204", "buggy.py") == 0
        assert capsys.readouterr().err == "attnlint: ATN204 is in preview: it is reported with --preview alone\n"
        assert main(monkeypatch, "--output-format=concise", "--select=ATN204", "--preview", "buggy.py") == 1
        output = capsys.readouterr()
        assert (places(output.out), output.err) == (FOUND[:1], "")
        assert main(monkeypatch, "rules") == 0
        assert re.search(r"^ATN204 +discarded-mask +error +preview ", capsys.readouterr().out, re.MULTILINE)
        assert main(monkeypatch, "rule", "ATN204") == 0
        assert "\nseverity: error · in preview, on by default with --preview · " in capsys.readouterr().out

    def test_an_old_code_in_many_comments_is_told_once(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(discover()["ATN204"], "formerly", ("ATN290",))
        for name in ("a.py", "b.py"):
            Path(name).write_text(CLEAN + BUGGY.replace('"-inf"))', '"-inf"))  # attnlint: ignore[ATN290]'))
        assert main(monkeypatch, "--ignore=ATN1", "a.py", "b.py") == 0
        assert capsys.readouterr().err == "attnlint: ATN290 is called ATN204 discarded-mask now\n"
        assert main(monkeypatch, "rule", "ATN290") == 0
        output = capsys.readouterr()
        assert output.out.startswith("ATN204 discarded-mask\n")
        assert output.err == "attnlint: ATN290 is called ATN204 discarded-mask now\n"


def main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["attnlint", *arguments])
    return cli.main()


TEXT = {"type": "string", "minLength": 1}
RULE_SCHEMA = {
    "type": "object",
    "properties": {
        "code": {"type": "string", "pattern": r"^[A-Z]+\d+$"},
        "name": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
        "formerly": {"type": "array", "items": TEXT},
        "summary": {"type": "string", "pattern": r"^\S[^\n]+\.$"},
        "severity": {"enum": ["error", "warning", "performance"]},
        "status": {"enum": ["stable", "preview"]},
        "on_by_default": {"type": "boolean"},
        "tiers": {"type": "array", "items": {"enum": ["safe", "unsafe", "manual"]}, "minItems": 1, "uniqueItems": True},
        "url": {"type": "string", "pattern": "^https://"},
        "documentation": TEXT,
        "references": {"type": "array", "items": {"type": "string", "pattern": "https?://"}},
    },
    "additionalProperties": False,
}
RULE_SCHEMA["required"] = list(RULE_SCHEMA["properties"])  # type: ignore[call-overload]


class TestInterruptions:
    def test_control_c(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        def interrupt(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("attnlint.runs.lint_paths", interrupt)
        assert main(monkeypatch, "buggy.py") == 130
        assert "Traceback" not in capsys.readouterr().err

    def test_a_crash_is_no_finding(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        def crash(*_: object, **__: object) -> None:
            raise RuntimeError("oops")

        monkeypatch.setattr("attnlint.runs.lint_paths", crash)
        assert main(monkeypatch, "buggy.py") == 2
        assert "oops" in capsys.readouterr().err

    @pytest.mark.parametrize("arguments", [["buggy.py"], ["--output-format=json", "buggy.py"], ["rules"]])
    def test_a_reader_that_leaves(self, arguments: list[str]) -> None:
        with subprocess.Popen([script(), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout
            assert process.stderr
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == (1 if "buggy.py" in arguments else 0)


@pytest.mark.skipif(sys.platform == "win32", reason="closed streams and links to oneself are of POSIX")
class TestOddSurroundings:
    @staticmethod
    def in_a_shell(command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["sh", "-c", command, script()], capture_output=True, text=True, check=False)

    def test_closed_streams(self) -> None:
        expected = run("--output-format=concise", "buggy.py", "gone.py")
        done = self.in_a_shell('"$0" --output-format=concise buggy.py gone.py 2>&-')
        assert (done.returncode, done.stdout) == (2, expected.stdout)
        done = self.in_a_shell('"$0" --output-format=concise buggy.py gone.py >&-')
        assert (done.returncode, done.stderr) == (2, expected.stderr)
        assert self.in_a_shell('"$0" buggy.py >&- 2>&-').returncode == 1

    def test_a_report_into_a_link_to_itself(self) -> None:
        Path("loop.txt").symlink_to("loop.txt")
        result = run("-o", "loop.txt", "buggy.py")
        assert result.returncode == 2
        assert result.stderr == f"loop.txt: cannot be written: {os.strerror(errno.ELOOP)}\n"

    def test_a_current_folder_that_is_deleted(self) -> None:
        done = self.in_a_shell('mkdir gone && cd gone && rmdir ../gone && "$0" buggy.py')
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "attnlint: the current folder is there no more; go to one that is\n"

    def test_what_the_system_refuses_is_named(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied", "secret\x1b.toml")

        monkeypatch.setattr("attnlint.runs.lint_paths", refuse)
        assert main(monkeypatch, "buggy.py") == 2
        assert capsys.readouterr().err == "attnlint: secret\\x1b.toml: Permission denied\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals here")
class TestColour:
    @staticmethod
    def on_a_terminal(*arguments: str) -> bytes:
        import pty

        ours, theirs = pty.openpty()
        with subprocess.Popen([script(), *arguments], stdout=theirs, stderr=theirs, stdin=theirs) as process:
            os.close(theirs)
            output = b"".join(iter(lambda: TestColour.read(ours), b""))
        os.close(ours)
        assert process.returncode == 1
        return output

    @staticmethod
    def read(terminal: int) -> bytes:
        try:
            return os.read(terminal, 4096)
        except OSError:  # Linux reports the end of a pseudo-terminal this way
            return b""

    def test_only_on_a_terminal(self) -> None:
        assert b"\x1b[" in self.on_a_terminal("buggy.py")
        assert "\x1b" not in run("buggy.py").stdout

    @pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
    def test_not_where_it_is_unwanted(self, name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(name, value)
        assert b"\x1b" not in self.on_a_terminal("buggy.py")

    def test_never_for_programs(self) -> None:
        assert b"\x1b" not in self.on_a_terminal("--output-format=json", "buggy.py")


class TestRules:
    def test_the_table_lists_every_rule(self) -> None:
        result = run("rules")
        assert result.returncode == 0
        header, *rows = result.stdout.splitlines()
        assert header.split()[:3] == ["code", "name", "severity"]
        assert [tuple(row.split()[:2]) for row in rows] == [(rule.code, rule.name) for rule in discover().values()]

    @pytest.mark.parametrize("code", discover())
    def test_every_rule_has_a_page(self, code: str) -> None:
        rule = discover()[code]
        page = CliRunner().invoke(cli.app, ["rule", code]).output
        assert page.startswith(f"{code} {rule.name}\nseverity: {rule.severity.value} · ")
        assert rule.documentation() in page
        assert all(reference in page for reference in rule.references)

    def test_a_rule_is_named_by_its_code_or_name(self) -> None:
        assert run("rule", "ATN101").stdout == run("rule", "atn101").stdout == run("rule", "missing-scale").stdout != ""

    def test_an_unknown_rule(self) -> None:
        for argument, told in (("ATN99", "did you mean"), ("ATN40", "ATN401, ATN402"), ("ATN4O2", "ATN402")):
            result = run("rule", argument)
            assert (result.returncode, result.stdout) == (2, "")
            assert f"'{argument}'" in result.stderr
            assert told in result.stderr

    def test_json(self) -> None:
        listed = json.loads(run("rules", "--output-format=json").stdout)
        jsonschema.validate(listed, {"type": "array", "items": RULE_SCHEMA})
        assert [one["code"] for one in listed] == list(discover())
        for one in listed:
            rule = discover()[one["code"]]
            assert (one["name"], one["summary"], one["url"]) == (rule.name, rule.summary(), rule.url())
            assert (one["documentation"], one["references"]) == (rule.documentation(), list(rule.references))
            assert (one["on_by_default"], {*one["tiers"]}) == (rule.on_by_default, {tier.value for tier in rule.tiers})
        assert json.loads(run("rule", "ATN101", "--output-format=json").stdout) in listed

    def test_markdown(self) -> None:
        page = run("rule", "ATN101", "--output-format=markdown").stdout
        assert page.startswith("# ATN101 missing-scale\n")
        assert "\n## Example\n\n```python\n" in page
        table = run("rules", "--output-format=markdown").stdout
        assert all(f"| [{code}]({code}.md) | {rule.name} |" in table for code, rule in discover().items())


class TestShape:
    def test_version(self) -> None:
        assert run("--version").stdout == f"attnlint, version {attnlint.__version__}\n"

    def test_bare_shows_help(self) -> None:
        result = run()
        assert result.returncode == 2
        assert result.stderr.startswith("Usage: attnlint ")
        for command in ("check", "config", "prove", "rule", "rules"):
            assert f"\n  {command} " in result.stderr
        assert run("--help").stdout == result.stderr
        assert run("-h").returncode == 0

    def test_python_m(self) -> None:
        command = [sys.executable, "-m", "attnlint", "--version"]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == run("--version").stdout

    def test_only_what_a_command_needs_is_imported(self) -> None:
        assert modules_after("--version") & {"libcst", "torch", "numpy", "pathspec"} == set()
        for arguments in (["--help"], ["rules"], ["buggy.py"]):
            assert modules_after(*arguments) & {"torch", "numpy"} == set(), arguments

    def test_a_folder_with_the_name_of_a_command(self) -> None:
        Path("rules").mkdir()
        shutil.copy("buggy.py", "rules")
        assert run("./rules").returncode == 1
        assert run("rules/").returncode == 1
        assert run("rules").returncode == 0


class TestLibrary:
    def test_every_public_name(self) -> None:
        assert set(attnlint.__all__) <= set(dir(attnlint))
        for name in attnlint.__all__:
            assert getattr(attnlint, name) is not None
        with pytest.raises(AttributeError, match="nonsense"):
            attnlint.__getattr__("nonsense")

    @pytest.fixture(params=[str, str.encode])
    def text(self, request: pytest.FixtureRequest) -> str | bytes:
        converted: str | bytes = request.param(BUGGY)
        return converted

    def test_lint_source(self, text: str | bytes) -> None:
        found = attnlint.lint_source(text, "buggy.py")
        assert [f"{one.path}:{one.span.line}:{one.span.column}: {one.code}" for one in found] == FOUND

    def test_lint_paths(self) -> None:
        report = attnlint.lint_paths(["buggy.py", Path("clean.py"), "missing.py"])
        assert [one.code for one in report.diagnostics] == ["ATN204", "ATN101"]
        assert [problem.path for problem in report.problems] == ["missing.py"]
        assert report.files == 2
