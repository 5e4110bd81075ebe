"""Notebooks, Markdown, reStructuredText and ``--stdin-filename``, through the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import test_cli
from in_process import run
from test_documents import BUGGY, FIXED, MARKDOWN, RST
from test_notebooks import cell, notebook, written

from attnlint.output import formats

NOTEBOOK = written(notebook(cell("# Title", "markdown"), cell(BUGGY.splitlines(keepends=True))))
FIXED_NOTEBOOK = written(notebook(cell("# Title", "markdown"), cell(FIXED.splitlines(keepends=True))))


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def places(output: str) -> list[str]:
    return [line.partition(" ")[0] if ":cell" not in line else line.partition(": ")[0] for line in output.splitlines()]


def mended(text: str) -> str:
    return text.replace("    scores.masked", "    scores = scores.masked").replace(
        "transpose(-2, -1)\n", "transpose(-2, -1) / q.size(-1) ** 0.5\n"
    )


def test_folders_are_searched_for_all_kinds(inside: Path) -> None:
    (inside / "a.ipynb").write_bytes(NOTEBOOK)
    (inside / "b.md").write_text(MARKDOWN, "utf-8")
    (inside / "c.rst").write_text(RST, "utf-8")
    (inside / "d.pyi").write_text("def softmax(x): ...\n")
    (inside / "e.txt").write_text(MARKDOWN, "utf-8")
    result = run("--output-format", "concise", ".")
    assert (result.returncode, result.stderr) == (1, "")
    assert places(result.stdout) == [
        "a.ipynb:cell 2:5:14",
        "a.ipynb:cell 2:6:5",
        "b.md:10:16:",
        "b.md:11:7:",
        "c.rst:11:17:",
        "c.rst:12:8:",
    ]
    assert run(".").stdout.splitlines()[-2] == "Found 3 errors, 3 warnings in 3 files; 4 files checked."


@pytest.mark.parametrize(
    "arguments",
    [
        ["--stdin-filename=x.md", "-"],
        ["--stdin-filename=x.md", "--fix", "--unsafe-fixes", "-"],
        ["--stdin-filename=x.ipynb", "-"],
        ["."],
        ["--no-such-option"],
    ],
)
def test_the_installed_script_does_what_these_tests_see(arguments: list[str], inside: Path) -> None:
    (inside / "a.ipynb").write_bytes(NOTEBOOK)
    here, there = run(*arguments, stdin=MARKDOWN), test_cli.run(*arguments, stdin=MARKDOWN)
    assert (here.returncode, here.stdout, here.stderr) == (there.returncode, there.stdout, there.stderr)


def test_the_frame_of_a_notebook_shows_the_cell(inside: Path) -> None:
    (inside / "a.ipynb").write_bytes(NOTEBOOK)
    assert (
        """\
 --> a.ipynb:cell 2:6:5
  |
5 |     scores = q @ k.transpose(-2, -1)
6 |     scores.masked_fill(mask == 0, float('-inf'))
  |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
7 |     return torch.softmax(scores, dim=-1) @ v
"""
        in run("a.ipynb").stdout
    )


def test_formats_for_programs_name_the_cell(inside: Path) -> None:
    (inside / "a.ipynb").write_bytes(NOTEBOOK)
    found = json.loads(run("--output-format", "json", "a.ipynb").stdout)
    assert [(one["cell"], one["line"], one["related"][0]["cell"]) for one in found] == [(2, 5, 2), (2, 6, 2)]
    lines = NOTEBOOK.decode().splitlines()
    for command, code in zip(
        run("--output-format", "github", "a.ipynb").stdout.splitlines(), BUGGY.splitlines()[4:], strict=False
    ):
        number = int(command.partition("line=")[2].partition(",")[0])
        assert json.dumps(code)[:-1] in lines[number - 1]


def test_fixes_go_into_the_files(inside: Path) -> None:
    (inside / "a.ipynb").write_bytes(NOTEBOOK)
    (inside / "b.md").write_text(MARKDOWN, "utf-8")
    result = run("--fix", "--unsafe-fixes", "--show-fixes", ".")
    assert (result.returncode, result.stdout) == (0, "Nothing found: 2 files checked.\n")
    assert result.stderr.splitlines()[0] == "Fixed 4 findings in 2 files"
    assert (inside / "a.ipynb").read_bytes() == FIXED_NOTEBOOK
    assert (inside / "b.md").read_text("utf-8") == mended(MARKDOWN)


def test_the_diff_of_a_notebook_is_that_of_its_cells(inside: Path) -> None:
    (inside / "a.ipynb").write_bytes(NOTEBOOK)
    result = run("--diff", "--unsafe-fixes", "--select", "ATN204", ".")
    assert result.returncode == 1
    assert (
        result.stdout
        == """\
--- a.ipynb:cell 2
+++ a.ipynb:cell 2
@@ -3,5 +3,5 @@
\x20
 def attend(q, k, v, mask):
     scores = q @ k.transpose(-2, -1)
-    scores.masked_fill(mask == 0, float('-inf'))
+    scores = scores.masked_fill(mask == 0, float('-inf'))
     return torch.softmax(scores, dim=-1) @ v
"""
    )
    assert (inside / "a.ipynb").read_bytes() == NOTEBOOK


def test_the_diff_of_markdown_can_be_applied(inside: Path) -> None:
    (inside / "b.md").write_text(MARKDOWN.rstrip("\n"), "utf-8")
    patch = run("--diff", "--unsafe-fixes", ".").stdout
    subprocess.run(["git", "apply", "-p0"], input=patch, text=True, encoding="utf-8", check=True, cwd=inside)
    assert (inside / "b.md").read_text("utf-8") == mended(MARKDOWN).rstrip("\n")


def test_tabs_stay_in_a_diff(inside: Path) -> None:
    text = RST.replace("   ", "\t")
    (inside / "b.rst").write_text(text, "utf-8")
    patch = run("--diff", "--unsafe-fixes", ".").stdout
    subprocess.run(["git", "apply", "-p0"], input=patch, text=True, encoding="utf-8", check=True, cwd=inside)
    assert (inside / "b.rst").read_text("utf-8") != text
    assert run(".").returncode == 0


def test_what_is_no_notebook_is_one_line_and_exit_2(inside: Path) -> None:
    (inside / "a.ipynb").write_bytes(NOTEBOOK)
    (inside / "b.ipynb").write_text('{"cells": [\n  {"x" 1}\n]}')
    for options in ([], ["--fix"]):
        result = run("--output-format", "concise", *options, ".")
        assert result.returncode == 2
        assert result.stderr == "b.ipynb:2: the notebook is not valid JSON: Expecting ':' delimiter\n"
        assert places(result.stdout) == ["a.ipynb:cell 2:5:14", "a.ipynb:cell 2:6:5"]


def test_broken_blocks_and_cells_are_no_errors(inside: Path) -> None:
    (inside / "a.ipynb").write_bytes(written(notebook(cell("softmax("), cell("%%bash\nsoftmax"))))
    (inside / "b.md").write_text("```python\nsoftmax(...\n```\n")
    (inside / "c.rst").write_text(".. code-block:: python\n\n   softmax(…\n")
    assert (run(".").returncode, run(".").stderr) == (0, "")


class TestStandardInput:
    def test_the_name_decides_the_kind(self) -> None:
        options = ["--output-format", "concise", "-"]
        result = run("--stdin-filename", "docs/x.md", *options, stdin=MARKDOWN)
        assert (result.returncode, places(result.stdout)) == (1, ["docs/x.md:10:16:", "docs/x.md:11:7:"])
        result = run("--stdin-filename", "x.ipynb", *options, stdin=NOTEBOOK.decode())
        assert places(result.stdout) == ["x.ipynb:cell 2:5:14", "x.ipynb:cell 2:6:5"]
        result = run("--stdin-filename", "model.py", *options, stdin=BUGGY)
        assert places(result.stdout) == ["model.py:5:14:", "model.py:6:5:"]
        assert places(run(*options, stdin=BUGGY).stdout) == ["-:5:14:", "-:6:5:"]

    def test_frames_come_from_standard_input(self, inside: Path) -> None:
        (inside / "x.py").write_text("something = 'else'\n")
        result = run("--stdin-filename", "x.py", "-", stdin=BUGGY)
        assert "6 |     scores.masked_fill(mask == 0, float('-inf'))\n" in result.stdout

    @pytest.mark.parametrize(
        ("name", "before", "after"),
        [
            ("x.py", BUGGY, FIXED),
            ("x.md", MARKDOWN, mended(MARKDOWN)),
            ("x.ipynb", NOTEBOOK.decode(), FIXED_NOTEBOOK.decode()),
            ("x.md", BUGGY, BUGGY),
        ],
    )
    def test_fixed_it_goes_to_standard_output(self, inside: Path, name: str, before: str, after: str) -> None:
        (inside / name).write_text("as it was")
        result = run("--fix", "--unsafe-fixes", "--stdin-filename", name, "-", stdin=before)
        assert (result.returncode, result.stdout) == (0, after)
        assert (inside / name).read_text() == "as it was"

    def test_a_diff_and_problems_have_the_name(self) -> None:
        result = run("--diff", "--unsafe-fixes", "--stdin-filename", "x.md", "-", stdin=MARKDOWN)
        assert result.stdout.startswith("--- x.md\n+++ x.md\n")
        result = run("--stdin-filename", "x.py", "-", stdin="def (\n")
        assert (result.returncode, result.stderr.partition(": ")[0]) == (2, "x.py:1")
        result = run("--stdin-filename", "x.ipynb", "-", stdin="{")
        assert (result.returncode, result.stderr.partition(": ")[0]) == (2, "x.ipynb:1")

    def test_it_stands_for_the_file_of_that_name(self, inside: Path) -> None:
        (inside / "x.py").write_text(BUGGY)
        (inside / "y.py").write_text(BUGGY)
        for paths in (["-", "."], ["x.py", "y.py", "-"]):
            result = run("--fix", "--stdin-filename", "./x.py", "--output-format", "concise", *paths, stdin="y = 1\n")
            assert result.stdout == "y = 1\n"
            assert places(result.stderr) == ["y.py:5:14:", "y.py:6:5:"]
        assert (inside / "x.py").read_text() == BUGGY

    def test_a_name_without_standard_input_is_told(self, inside: Path) -> None:
        (inside / "a.py").write_text("")
        result = run("--stdin-filename", "x.py", "a.py")
        assert result.returncode == 2
        assert "--stdin-filename names standard input: give - as the path" in result.stderr

    def test_settings_are_those_of_the_file_of_that_name(self, inside: Path) -> None:
        (inside / "docs").mkdir()
        (inside / "docs" / "attnlint.toml").write_text(
            'ignore = ["ATN101"]\nper-file-ignores = { "x.*" = ["ATN204"] }\n'
        )
        options = ["--output-format", "concise"]
        result = run(*options, "--stdin-filename", "docs/y.md", "-", stdin=MARKDOWN)
        assert places(result.stdout) == ["docs/y.md:11:7:"]
        for name in ("docs/x.md", str(inside / "docs" / "x.md")):
            assert run(*options, "--stdin-filename", name, "-", stdin=MARKDOWN).stdout == ""
        assert len(places(run(*options, "--stdin-filename", "x.md", "-", stdin=MARKDOWN).stdout)) == 2
        shown = run("--show-settings", "--stdin-filename", "docs/y.md", "-").stdout.splitlines()
        assert shown[0] == "# docs/y.md: docs/attnlint.toml"

    def test_a_broken_configuration_is_told_and_nothing_is_lost(self, inside: Path) -> None:
        (inside / "docs").mkdir()
        (inside / "docs" / "attnlint.toml").write_text("ignore = 1\n")
        result = run("--fix", "--unsafe-fixes", "--stdin-filename", "docs/y.md", "-", stdin=MARKDOWN)
        assert (result.returncode, result.stdout) == (2, MARKDOWN)
        assert result.stderr.splitlines()[-1].startswith("docs/attnlint.toml:1: ")

    def test_what_is_excluded_by_force_passes_through(self, inside: Path) -> None:
        (inside / "attnlint.toml").write_text('exclude = ["third_party"]\nforce-exclude = true\n')
        named = ["--stdin-filename", "third_party/y.md", "-"]
        result = run("--output-format", "concise", *named, stdin=MARKDOWN)
        assert (result.returncode, result.stdout) == (0, "")
        assert run("--fix", "--unsafe-fixes", *named, stdin=MARKDOWN).stdout == MARKDOWN
        assert run("--add-ignore", *named, stdin=MARKDOWN).stdout == MARKDOWN

    def test_comments_are_written_into_it(self, inside: Path) -> None:
        result = run(
            "--add-ignore", "--reason", "on purpose", "--stdin-filename", "y.ipynb", "-", stdin=NOTEBOOK.decode()
        )
        assert result.returncode == 0
        assert result.stdout.count("# attnlint: ignore[ATN101] -- on purpose") == 1
        assert "  y.ipynb: 1 × ATN101 missing-scale, 1 × ATN204 discarded-mask" in result.stderr

    @pytest.mark.parametrize("name", formats())
    def test_every_format_has_the_name(self, name: str) -> None:
        for file, text in (("docs/y.md", MARKDOWN), ("docs/y.ipynb", NOTEBOOK.decode()), ("docs/y.py", BUGGY)):
            result = run("--output-format", name, "--stdin-filename", file, "-", stdin=text)
            assert (result.returncode, result.stderr) == (1, "")
            assert file in result.stdout
            assert "ATN204" in result.stdout

    def test_a_baseline_knows_the_findings_of_the_file(self, inside: Path) -> None:
        name, options = "docs/x.ipynb", ["--baseline", "known.json", "--output-format", "concise"]
        (inside / "docs").mkdir()
        (inside / name).write_bytes(NOTEBOOK)
        assert run("--write-baseline", "known.json", ".").returncode == 0
        moved = written(notebook(cell("x = 1"), cell(BUGGY))).decode()
        assert run(*options, "--stdin-filename", name, "-", stdin=moved).stdout == ""
        mended = run(*options, "--stdin-filename", name, "-", stdin=FIXED_NOTEBOOK.decode())
        assert mended.stderr.startswith("attnlint: 2 findings of known.json are gone")
        assert len(places(run(*options, "--stdin-filename", "docs/y.ipynb", "-", stdin=moved).stdout)) == 2
        fixing = run(*options, "--fix", "--unsafe-fixes", "--stdin-filename", name, "-", stdin=moved)
        assert fixing.stdout == moved


def test_a_run_imports_what_it_reads(inside: Path) -> None:
    (inside / "a.py").write_text(BUGGY)
    (inside / "b.md").write_text("Words about softmax(x).\n")
    code = "import sys; from attnlint.cli import main; sys.argv[1:] = ['.']; main(); print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=inside)
    imported = set(result.stdout.split())
    assert "attnlint.documents.markdown" in imported
    assert imported.isdisjoint({"markdown_it", "attnlint.documents.notebook", "attnlint.documents.rst"})
