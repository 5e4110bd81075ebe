"""The options for fixes, through the installed ``attnlint`` script."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from config_support import SAFE
from test_cli import run, script
from test_fixes import BUGGY, FIXED

SAFELY_FIXED = SAFE.replace("dropout_p=self.p", "dropout_p=self.p if self.training else 0.0")


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "unsafe.py").write_text(BUGGY, "utf-8")
    (tmp_path / "safe.py").write_text(SAFE, "utf-8")
    return tmp_path


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in folder.iterdir()}


def test_without_fix_the_summary_says_how_many_are_fixable(inside: Path) -> None:
    result = run(".")
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1] == "1 fixable with --fix, 2 more with --fix --unsafe-fixes."
    assert contents(inside) == {"unsafe.py": BUGGY, "safe.py": SAFE}


def test_safe_fixes_alone(inside: Path) -> None:
    result = run("--fix", ".", "--output-format", "concise")
    assert result.returncode == 1
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == ["unsafe.py", "unsafe.py"]
    assert contents(inside) == {"unsafe.py": BUGGY, "safe.py": SAFELY_FIXED}


def test_frames_of_fixed_standard_input_are_those_of_what_came_of_it() -> None:
    copies = """\
from torch import nn


class Decoder(nn.Module):
    def __init__(self, dim, depth):
        super().__init__()
        layer = nn.TransformerEncoderLayer(dim, 4)
        self.layers = nn.ModuleList([layer] * depth)
        self.extra = nn.MultiheadAttention(8, 2)

    def forward(self, q, k, v, mask):
        scores = q @ k.transpose(-2, -1) / q.size(-1) ** 0.5
        scores.masked_fill(mask == 0, float("-inf"))
        return scores.softmax(-1) @ v
"""
    result = run("--fix", "--unsafe-fixes", "--unfixable", "ATN204", "-", stdin=copies)
    assert result.stdout.startswith("import copy\n\nfrom torch import nn")
    frame = result.stderr.splitlines()
    marks = next(number for number, row in enumerate(frame) if "^^^" in row)
    assert 'scores.masked_fill(mask == 0, float("-inf"))' in frame[marks - 1]


def test_quiet_tells_nothing_that_was_not_asked_for(inside: Path) -> None:
    result = run("-q", "--diff", "--unsafe-fixes", "unsafe.py")
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.startswith("--- unsafe.py")
    assert run("-q", "--add-ignore", "unsafe.py").stderr == ""


def test_all_fixes_leave_nothing_and_exit_0(inside: Path) -> None:
    result = run("--fix", "--unsafe-fixes", "--show-fixes", ".")
    assert (result.returncode, result.stdout) == (0, "Nothing found: 2 files checked.\n")
    assert result.stderr.splitlines() == [
        "Fixed 3 findings in 2 files",
        "  safe.py: 1 × ATN402 dropout-in-eval",
        "  unsafe.py: 1 × ATN101 missing-scale, 1 × ATN204 discarded-mask",
    ]
    assert contents(inside) == {"unsafe.py": FIXED, "safe.py": SAFELY_FIXED}
    again = run("--fix", "--unsafe-fixes", "--show-fixes", ".")
    assert again.stderr == "Fixed 0 findings in 0 files\n"
    assert contents(inside) == {"unsafe.py": FIXED, "safe.py": SAFELY_FIXED}


def test_unsafe_fixes_that_were_left_are_told(inside: Path) -> None:
    left = "  unsafe, made with --unsafe-fixes alone: 1 × ATN101 missing-scale, 1 × ATN204 discarded-mask"
    would = run("--diff", ".")
    assert would.stderr.splitlines() == ["Would fix 1 finding in 1 file", "  safe.py: 1 × ATN402 dropout-in-eval", left]
    done = run("--fix", "--show-fixes", ".")
    assert done.stderr.splitlines() == ["Fixed 1 finding in 1 file", "  safe.py: 1 × ATN402 dropout-in-eval", left]
    assert left not in run("--add-ignore", ".").stderr


def test_unsafe_fixes_of_what_is_known_are_not_told_as_left(inside: Path) -> None:
    run("--write-baseline=known.json", "unsafe.py")
    told = run("--fix", "--show-fixes", "--baseline", "known.json", ".").stderr.splitlines()
    assert told == ["Fixed 1 finding in 1 file", "  safe.py: 1 × ATN402 dropout-in-eval"]


def test_a_diff_writes_nothing_and_can_be_applied(inside: Path) -> None:
    result = run("--diff", "--unsafe-fixes", ".")
    assert result.returncode == 1
    assert result.stderr.splitlines()[0] == "Would fix 3 findings in 2 files"
    assert contents(inside) == {"unsafe.py": BUGGY, "safe.py": SAFE}
    subprocess.run(["git", "apply", "-p0"], input=result.stdout, text=True, check=True, cwd=inside)
    assert contents(inside) == {"unsafe.py": FIXED, "safe.py": SAFELY_FIXED}
    clean = run("--diff", "--unsafe-fixes", ".")
    assert (clean.returncode, clean.stdout) == (0, "")


@pytest.mark.parametrize("name", ["a\n+++ ../evil.py", '"b".py', "tab\t.py", "caf\udce9.py", "注意.py"], ids=ascii)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_diff_names_no_other_file(name: str, encoding: str, tmp_path: Path) -> None:
    folder = tmp_path / "changed"
    path = folder / name
    try:
        path.parent.mkdir(parents=True)
        path.write_text(f"# -*- coding: {encoding} -*-\n{BUGGY}")
    except OSError:
        pytest.skip("no file can be called so here")
    patch = subprocess.run([script(), "--diff", "--unsafe-fixes", "."], cwd=folder, capture_output=True).stdout
    subprocess.run(["git", "apply", "-p0"], input=patch, check=True, cwd=folder)
    assert path.read_text() == f"# -*- coding: {encoding} -*-\n{FIXED}"


def test_standard_input_goes_to_standard_output() -> None:
    result = run("--fix", "--unsafe-fixes", "-", stdin=BUGGY)
    assert (result.returncode, result.stdout) == (0, FIXED)
    assert "Nothing found" in result.stderr
    clean = run("--fix", "--unsafe-fixes", "-", stdin=FIXED)
    assert (clean.returncode, clean.stdout) == (0, FIXED)


def test_a_read_only_file_is_one_line_and_exit_2(inside: Path) -> None:
    (inside / "safe.py").chmod(0o444)
    result = run("--fix", "safe.py", "--output-format", "concise")
    assert result.returncode == 2
    assert result.stderr == "safe.py: cannot be written: is read-only\n"
    assert result.stdout.startswith("safe.py:11:66: ATN402 ")
    assert contents(inside)["safe.py"] == SAFE


def test_what_does_not_parse_is_a_problem_of_its_own(inside: Path) -> None:
    (inside / "broken.py").write_text("def (", "utf-8")
    result = run("--fix", "--unsafe-fixes", ".")
    assert result.returncode == 2
    assert result.stderr.startswith("broken.py:1: ")
    assert contents(inside)["unsafe.py"] == FIXED


def test_only_selected_rules_fix(inside: Path) -> None:
    run("--fix", "--unsafe-fixes", "--select", "ATN204", ".")
    assert "scores = scores.masked_fill" in contents(inside)["unsafe.py"]
    assert "** 0.5" not in contents(inside)["unsafe.py"]
