"""The options for baselines, through the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import test_cli
from in_process import run
from test_cli import BUGGY, CLEAN, places
from test_docs import CHECKOUT, commands

from attnlint.baseline import VERSION
from attnlint.cli.baselining import Baselining

BASELINE = "attnlint-baseline.json"
MORE = BUGGY + BUGGY.removeprefix("import torch\n").replace("attend", "attend_more")
SILENCED = BUGGY.replace('"-inf"))', '"-inf"))  # attnlint: ignore[ATN204]')


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "old.py").write_text(BUGGY, "utf-8")
    return tmp_path


def new(*arguments: str) -> list[str]:
    """What a run reports beside the baseline."""
    result = run("--baseline", BASELINE, "--output-format=concise", *arguments)
    assert (result.returncode, "Error" in result.stderr) == (bool(result.stdout), False), result.stderr
    return places(result.stdout)


def entries(file: str = BASELINE) -> list[tuple[str, str, int]]:
    data = json.loads(Path(file).read_text("utf-8"))
    assert data["version"] == VERSION
    return [(entry["path"], entry["code"], entry["count"]) for entry in data["findings"]]


class TestWriting:
    def test_the_findings_of_today_are_recorded_and_reported_no_more(self) -> None:
        result = run("--write-baseline", "src")
        assert (result.returncode, result.stderr) == (0, f"attnlint: {BASELINE} holds 2 findings in 1 file now\n")
        assert result.stdout == "Nothing new found: 1 file checked; 2 findings in the baseline.\n"
        assert entries() == [("src/old.py", "ATN101", 1), ("src/old.py", "ATN204", 1)]
        result = run("--baseline", BASELINE, "src")
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout == "Nothing new found: 1 file checked; 2 findings in the baseline.\n"

    def test_the_installed_script_does_what_these_tests_see(self) -> None:
        for arguments in (["--write-baseline", "src"], [f"--baseline={BASELINE}", "src"], ["--baseline=gone", "src"]):
            here, there = run(*arguments), test_cli.run(*arguments)
            assert (here.returncode, here.stdout, here.stderr) == (there.returncode, there.stdout, there.stderr)

    def test_the_file_is_stable_and_has_a_line_for_each_entry(self) -> None:
        run("--write-baseline", "src")
        first = Path(BASELINE).read_bytes()
        lines = first.decode().splitlines()
        assert lines[:3] == ["{", f'  "version": {VERSION},', '  "findings": [']
        assert [line[:40] for line in lines[3:-2]] == [
            '    {"path": "src/old.py", "code": "ATN1',
            '    {"path": "src/old.py", "code": "ATN2',
        ]
        assert lines[-2:] == ["  ]", "}"]
        Path("src/old.py").write_text("import math\n\n" + BUGGY.replace("    scores = q", "    scores  =  q"), "utf-8")
        run("--write-baseline", "src/old.py")
        assert Path(BASELINE).read_bytes() == first

    def test_nothing_to_record_is_a_baseline_too(self) -> None:
        Path("src/old.py").write_text(CLEAN, "utf-8")
        assert run("--write-baseline", "src").returncode == 0
        assert entries() == []
        assert new("src") == []

    @pytest.mark.parametrize("arguments", [["known.json", "src"], ["--ignore", "ATN9", "src"], ["src"]])
    def test_a_file_may_be_named_before_the_paths(self, arguments: list[str]) -> None:
        result = run("--write-baseline", *arguments)
        assert result.returncode == 0
        assert len(entries("known.json" if "known.json" in arguments else BASELINE)) == 2

    def test_a_file_of_any_name_follows_an_equals_sign(self) -> None:
        assert run("--write-baseline=known.txt", "src").returncode == 0
        assert len(entries("known.txt")) == 2

    def test_the_baseline_that_is_read_is_the_one_that_is_written(self) -> None:
        assert run("--baseline", "known.json", "--write-baseline", "src").returncode == 0
        assert len(entries("known.json")) == 2
        assert not Path(BASELINE).exists()

    def test_paths_are_told_from_the_folder_of_the_file(self, inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (inside / "etc").mkdir()
        assert run("--write-baseline", "etc/known.json", str(inside / "src")).returncode == 0
        assert {path for path, _, _ in entries("etc/known.json")} == {"../src/old.py"}
        monkeypatch.chdir(inside / "src")
        assert run("--baseline", "../etc/known.json", "old.py").returncode == 0

    def test_what_the_run_did_not_look_for_is_kept(self) -> None:
        Path("src/other.py").write_text(BUGGY, "utf-8")
        run("--write-baseline", "src")
        Path("src/old.py").write_text(CLEAN, "utf-8")
        run("--write-baseline", "src/old.py")
        assert entries() == [("src/other.py", "ATN101", 1), ("src/other.py", "ATN204", 1)]
        Path("src/other.py").write_text(CLEAN, "utf-8")
        run("--write-baseline", "--select", "ATN1", "src")
        assert entries() == [("src/other.py", "ATN204", 1)]
        run("--write-baseline", "src")
        assert entries() == []

    def test_a_file_that_cannot_be_checked_keeps_its_entries(self) -> None:
        run("--write-baseline", "src")
        Path("src/old.py").write_text("def (", "utf-8")
        result = run("--write-baseline", "src")
        assert result.returncode == 2
        assert result.stderr.splitlines()[-1].startswith("src/old.py:1: ")
        assert len(entries()) == 2

    def test_another_file_is_never_overwritten(self) -> None:
        for text in ('{"name": "package"}\n', "no JSON"):
            Path("package.json").write_text(text, "utf-8")
            result = run("--write-baseline", "package.json", "src")
            assert (result.returncode, result.stdout) == (2, "")
            assert result.stderr.startswith("Error: package.json: is not a baseline: ")
            assert Path("package.json").read_text("utf-8") == text

    def test_a_folder_that_is_not_there(self) -> None:
        result = run("--write-baseline", "nowhere/known.json", "src")
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr == "Error: nowhere/known.json: cannot be written: No such file or directory\n"

    @pytest.mark.skipif(os.name == "nt", reason="modes mean something else here")
    def test_a_new_file_has_the_usual_mode_and_an_old_one_keeps_its_own(self, inside: Path) -> None:
        run("--write-baseline", "src")
        (inside / "like").touch()
        assert Path(BASELINE).stat().st_mode == Path("like").stat().st_mode
        Path(BASELINE).chmod(0o600)
        Path("src/old.py").write_text(CLEAN, "utf-8")
        run("--write-baseline", "src")
        assert Path(BASELINE).stat().st_mode & 0o777 == 0o600
        assert sorted(path.name for path in inside.iterdir()) == [BASELINE, "like", "src"]

    def test_a_link_that_comes_with_the_code_is_not_followed(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        elsewhere = tmp_path_factory.mktemp("elsewhere") / "created.json"
        Path(BASELINE).symlink_to(elsewhere)
        for arguments in (["--write-baseline"], ["--baseline", BASELINE, "--write-baseline"]):
            result = run(*arguments, "src")
            assert (result.returncode, result.stdout) == (2, "")
            reason = "is a link, which --write-baseline follows only where its name is given"
            assert result.stderr == f"Error: {BASELINE}: {reason}: --write-baseline={BASELINE}\n"
            assert not elsewhere.exists()
        assert run("--write-baseline", BASELINE, "src").returncode == 0
        assert len(entries(str(elsewhere))) == 2

    def test_fixing_comes_before_recording(self) -> None:
        result = run("--fix", "--unsafe-fixes", "--select=ATN204", "src")
        assert result.returncode == 0
        run("--fix", "--write-baseline", "src")
        assert entries() == [("src/old.py", "ATN101", 1)]

    @pytest.mark.parametrize("option", ["--diff", "--watch"])
    def test_what_does_not_go_together(self, option: str) -> None:
        result = run("--write-baseline", option, "src")
        assert (result.returncode, result.stdout) == (2, "")
        assert "--write-baseline records a run" in result.stderr


class TestReporting:
    @pytest.fixture(autouse=True)
    def written(self, inside: Path) -> None:
        assert run("--write-baseline", "src").returncode == 0

    def test_lines_that_move_wake_nothing(self) -> None:
        text = BUGGY.replace("import torch\n", "import math\n\nimport torch\n").replace("(-2,-1)", "(-2,  # so\n -1)")
        Path("src/old.py").write_text(text, "utf-8")
        assert new("src") == []

    def test_what_is_new_is_reported_alone(self) -> None:
        Path("src/new.py").write_text(BUGGY, "utf-8")
        Path("src/old.py").write_text(MORE, "utf-8")
        assert new("src") == [
            "src/new.py:6:5: ATN204",
            "src/new.py:11:14: ATN101",
            "src/old.py:17:5: ATN204",
            "src/old.py:22:14: ATN101",
        ]

    def test_equal_findings_are_counted(self) -> None:
        line = '    scores.masked_fill(mask == 0, float("-inf"))\n'
        Path("src/old.py").write_text(BUGGY.replace(line, line * 3), "utf-8")
        assert new("src") == ["src/old.py:7:5: ATN204", "src/old.py:8:5: ATN204"]
        run("--write-baseline", "src")
        assert entries() == [("src/old.py", "ATN101", 1), ("src/old.py", "ATN204", 3)]
        assert new("src") == []

    def test_a_renamed_file_wakes_what_changed(self) -> None:
        Path("src/old.py").rename("src/renamed.py")
        assert new("src") == []
        Path("src/renamed.py").write_text(BUGGY.replace("mask == 0", "mask == 1"), "utf-8")
        assert new("src") == ["src/renamed.py:6:5: ATN204"]

    def test_a_copied_file_is_new(self) -> None:
        Path("src/copied.py").write_text(BUGGY, "utf-8")
        assert new("src") == ["src/copied.py:6:5: ATN204", "src/copied.py:11:14: ATN101"]

    def test_the_summary_says_what_is_in_the_baseline(self) -> None:
        Path("new.py").write_text(BUGGY, "utf-8")
        summary = run("--baseline", BASELINE, ".").stdout.splitlines()[-2]
        assert summary == "Found 1 error, 1 warning in 1 file; 2 files checked; 2 findings in the baseline."

    def test_what_is_gone_is_counted_and_listed(self) -> None:
        Path("src/old.py").write_text(CLEAN, "utf-8")
        result = run("--baseline", BASELINE, "src")
        assert (result.returncode, result.stdout) == (0, "Nothing found: 1 file checked.\n")
        told = f"attnlint: 2 findings of {BASELINE} are gone, --write-baseline takes them out"
        assert result.stderr == f"{told}; --show-gone lists them\n"
        result = run("--baseline", BASELINE, "--show-gone", "--output-format=json", "src")
        assert json.loads(result.stdout) == []
        assert result.stderr == f"{told}\n  src/old.py: 1 × ATN101\n  src/old.py: 1 × ATN204\n"
        run("--baseline", BASELINE, "--write-baseline", "src")
        assert run("--baseline", BASELINE, "--show-gone", "src").stderr == ""

    def test_one_of_several_that_is_gone(self) -> None:
        Path("src/old.py").write_text(BUGGY.replace("    scores.masked", "    scores = scores.masked"), "utf-8")
        result = run("--baseline", BASELINE, "src")
        assert result.stderr.startswith(f"attnlint: 1 finding of {BASELINE} is gone, --write-baseline takes it out;")

    def test_a_deleted_file_is_gone_where_it_was_looked_for(self) -> None:
        Path("src/old.py").unlink()
        Path("other.py").write_text(CLEAN, "utf-8")
        assert run("--baseline", BASELINE, "other.py").stderr == ""
        assert "2 findings" in run("--baseline", BASELINE, ".").stderr

    @pytest.mark.parametrize("arguments", [["--select=ATN3", "src"], ["other.py"]])
    def test_what_was_not_looked_for_is_not_gone(self, arguments: list[str]) -> None:
        Path("src/old.py").write_text(CLEAN, "utf-8")
        Path("other.py").write_text(CLEAN, "utf-8")
        result = run("--baseline", BASELINE, *arguments)
        assert (result.returncode, result.stderr) == (0, "")

    def test_a_file_that_does_not_parse_is_not_gone(self) -> None:
        Path("src/old.py").write_text("def (", "utf-8")
        result = run("--baseline", BASELINE, "src")
        assert result.returncode == 2
        assert "gone" not in result.stderr

    def test_without_the_baseline_everything_is_reported(self) -> None:
        result = run("--baseline", BASELINE, "--no-baseline", "--output-format=concise", "src")
        assert places(result.stdout) == ["src/old.py:6:5: ATN204", "src/old.py:11:14: ATN101"]
        assert result.returncode == 1

    def test_comments_are_judged_as_without_it(self) -> None:
        Path("src/old.py").write_text(SILENCED, "utf-8")
        result = run("--baseline", BASELINE, "--output-format=concise", "src")
        assert result.stdout == ""
        assert result.stderr.startswith("attnlint: 1 finding of ")
        Path("src/old.py").write_text(SILENCED.replace("    scores.masked", "    scores = scores.masked"), "utf-8")
        assert new("src") == ["src/old.py:6:79: ATN001"]


class TestFixing:
    @pytest.fixture(autouse=True)
    def written(self, inside: Path) -> None:
        assert run("--write-baseline", "src").returncode == 0
        (inside / "src" / "old.py").write_text(MORE, "utf-8")

    def test_known_findings_are_left_as_they_are(self) -> None:
        result = run("--baseline", BASELINE, "--fix", "--unsafe-fixes", "src")
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout == "Nothing new found: 1 file checked; 2 findings in the baseline.\n"
        text = Path("src/old.py").read_text("utf-8")
        assert text.startswith(BUGGY)
        assert "    scores = scores.masked_fill" in text[len(BUGGY) :]

    def test_a_diff_leaves_them_out(self) -> None:
        result = run("--baseline", BASELINE, "--diff", "--unsafe-fixes", "src")
        assert result.stderr.splitlines()[0] == "Would fix 2 findings in 1 file"
        run("--baseline", BASELINE, "--fix", "--unsafe-fixes", "src")
        result = run("--baseline", BASELINE, "--diff", "--unsafe-fixes", "src")
        assert (result.returncode, result.stdout) == (0, "")

    def test_they_are_fixed_when_that_is_asked_for(self) -> None:
        result = run("--baseline", BASELINE, "--no-baseline", "--fix", "--unsafe-fixes", "src")
        assert (result.returncode, result.stdout) == (0, "Nothing found: 1 file checked.\n")

    def test_they_stay_known_when_their_file_is_renamed(self) -> None:
        Path("src/old.py").rename("src/renamed.py")
        run("--baseline", BASELINE, "--fix", "--unsafe-fixes", "src")
        assert Path("src/renamed.py").read_text("utf-8").startswith(BUGGY)


class TestSettings:
    @pytest.fixture(autouse=True)
    def files(self) -> None:
        Path("attnlint.toml").write_text('baseline = "known.json"\n', "utf-8")
        Path("src/new.py").write_text(CLEAN, "utf-8")

    def test_the_file_of_the_settings_is_written_and_read(self) -> None:
        assert run("src").stderr == "Error: known.json: no such baseline; --write-baseline makes it\n"
        assert run("--write-baseline", "src").stderr == "attnlint: known.json holds 2 findings in 1 file now\n"
        assert entries("known.json") == [("src/old.py", "ATN101", 1), ("src/old.py", "ATN204", 1)]
        assert run("src").stdout == "Nothing new found: 2 files checked; 2 findings in the baseline.\n"

    def test_what_is_typed_counts_before_them(self) -> None:
        run("--write-baseline", "other.json", "--select=ATN101", "src")
        assert not Path("known.json").exists()
        found = run("--baseline", "other.json", "--output-format=concise", "src")
        assert places(found.stdout) == ["src/old.py:6:5: ATN204"]
        assert len(places(run("--no-baseline", "--output-format=concise", "src").stdout)) == 2
        assert len(places(run("--isolated", "--output-format=concise", "src").stdout)) == 2

    def test_what_is_ignored_or_excluded_now_is_not_gone(self) -> None:
        Path("src/more.py").write_text(BUGGY, "utf-8")
        run("--write-baseline", "src")
        for path in ("src/old.py", "src/more.py"):
            Path(path).write_text(CLEAN, "utf-8")
        arguments = ("--per-file-ignores", "old.py:ATN204", "--extend-exclude", "more.py")
        assert run("--show-gone", *arguments, "src").stderr.splitlines() == [
            "attnlint: 1 finding of known.json is gone, --write-baseline takes it out",
            "  src/old.py: 1 × ATN101",
        ]
        run("--write-baseline", *arguments, "src")
        assert [entry[:2] for entry in entries("known.json")] == [
            ("src/more.py", "ATN101"),
            ("src/more.py", "ATN204"),
            ("src/old.py", "ATN204"),
        ]

    def test_known_findings_get_no_comments(self) -> None:
        run("--write-baseline", "--select=ATN204", "src")
        result = run("--add-ignore", "src")
        assert (result.returncode, result.stdout) == (
            0,
            "Nothing new found: 2 files checked; 1 finding in the baseline.\n",
        )
        assert Path("src/old.py").read_text("utf-8").count("attnlint: ignore[ATN101]") == 1
        assert "ignore[ATN204]" not in Path("src/old.py").read_text("utf-8")

    def test_with_quiet_nothing_is_said_of_it(self) -> None:
        result = run("--quiet", "--write-baseline", "src")
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
        Path("src/old.py").write_text(CLEAN, "utf-8")
        result = run("--quiet", "src")
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
        assert run("--quiet", "--show-gone", "src").stderr.startswith("  src/old.py: 1 × ATN101\n")


def test_the_commands_of_the_page_do_what_it_says() -> None:
    """Each in turn exits with 0: findings are recorded, and then known."""
    ran = commands((CHECKOUT / "docs" / "baseline.md").read_text("utf-8"), "attnlint")
    assert [run(*arguments).returncode for arguments in ran] == [0, 0, 0]
    assert entries() == entries("known.json")


class TestErrors:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (None, "no such baseline; --write-baseline makes it"),
            (b"", "is not a baseline: Expecting value: line 1 column 1 (char 0)"),
            (b"\xff", "is not a baseline: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
            (b"<<<<<<< HEAD\n{}", "is not a baseline: Expecting value: line 1 column 1 (char 0)"),
            (b"[" * 100_000, "is not a baseline: it nests too deeply"),
            (b"[]", 'is not a baseline: it has no "version"'),
            (b'{"version": true}', 'is not a baseline: it has no "version"'),
            (b'{"version": 1}', 'is not a baseline: it has no list of "findings"'),
            (b'{"version": 1, "findings": [1]}', "is not a baseline: entry 1 lacks a path, code, fingerprint or count"),
            (
                b'{"version": 99, "findings": 5}',
                "has version 99, and this attnlint reads version 1; use a newer one, or",
            ),
        ],
    )
    def test_a_baseline_that_cannot_be_used_is_one_line(self, content: bytes | None, reason: str) -> None:
        if content is not None:
            Path("known.json").write_bytes(content)
        result = run("--baseline", "known.json", "src")
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr.startswith(f"Error: known.json: {reason}")
        assert result.stderr.count("\n") == 1

    @pytest.mark.parametrize(
        "wrong", [{"count": 0}, {"count": True}, {"count": "1"}, {"count": 10**4000}, {"path": 1}, {"code": None}]
    )
    def test_every_part_of_an_entry_matters(self, wrong: dict[str, object]) -> None:
        entry = {"path": "src/old.py", "code": "ATN101", "fingerprint": "0" * 16, "count": 1}
        Path("known.json").write_text(json.dumps({"version": VERSION, "findings": [entry, {**entry, **wrong}]}))
        result = run("--baseline", "known.json", "src")
        assert result.returncode == 2
        assert "entry 2 lacks a path, code, fingerprint or count" in result.stderr

    @pytest.mark.parametrize("path", ["\ud800/a.py", "sub\0/a.py", "x/" * 200_000 + "a.py", "ü" * 2049])
    @pytest.mark.parametrize("option", ["--baseline", "--write-baseline"])
    def test_a_path_that_no_file_can_have_is_one_line(self, path: str, option: str) -> None:
        entry = {"path": path, "code": "ATN101", "fingerprint": "0" * 16, "count": 1}
        Path("known.json").write_text(json.dumps({"version": VERSION, "findings": [entry]}), "utf-8")
        result = run(option, "known.json", "src")
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr == "Error: known.json: is not a baseline: entry 1 has a path that no file can have\n"

    @pytest.mark.parametrize(
        "path", ["n" * 300 + "/a.py", "x/" * 2046 + "a.py", "src/\udcff.py", "ü" * 2048, "src/old.py/a.py"]
    )
    def test_a_path_of_a_file_that_is_not_there(self, path: str) -> None:
        entry = {"path": path, "code": "ATN101", "fingerprint": "0" * 16, "count": 1}
        Path("known.json").write_text(json.dumps({"version": VERSION, "findings": [entry]}), "utf-8")
        result = run("--baseline", "known.json", "--output-format=concise", ".")
        assert (result.returncode, len(places(result.stdout))) == (1, 2)
        assert result.stderr.startswith("attnlint: 1 finding of known.json is gone, ")

    @pytest.mark.skipif(os.name == "nt", reason="names have one encoding there")
    def test_a_path_that_the_encoding_of_names_does_not_have(self, monkeypatch: pytest.MonkeyPatch) -> None:
        entry = {"path": "größe/a.py", "code": "ATN101", "fingerprint": "0" * 16, "count": 1}
        Path("known.json").write_text(json.dumps({"version": VERSION, "findings": [entry]}), "utf-8")
        for name, value in (("PYTHONUTF8", "0"), ("PYTHONCOERCECLOCALE", "0"), ("LC_ALL", "C")):
            monkeypatch.setenv(name, value)
        result = test_cli.run("--baseline", "known.json", "--output-format=concise", ".")
        assert (result.returncode, result.stderr, len(places(result.stdout))) == (1, "", 2)

    def test_a_name_that_is_no_path_has_no_content_to_watch(self) -> None:
        assert Baselining("a\0b").content() is None

    def test_a_folder_is_no_baseline(self) -> None:
        result = run("--baseline", "src", "src")
        assert (result.returncode, result.stderr) == (2, "Error: src: cannot be read: Is a directory\n")

    def test_an_option_without_paths(self) -> None:
        result = run("--write-baseline")
        assert (result.returncode, result.stdout) == (2, "")
        assert "PATH" in result.stderr
