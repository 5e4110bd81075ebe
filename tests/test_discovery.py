"""Files found: sorted, once, without what git ignores; and problems in place of exceptions."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from attnlint.diagnostics import Problem
from attnlint.sources import globbing
from attnlint.sources.discovery import EXCLUDED_FOLDERS, find_sources
from attnlint.sources.gitignore import LARGEST
from attnlint.sources.read import STDIN, read
from attnlint.sources.scope import Glob, Patterns


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(*names: str, text: str = "") -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)


def found(*paths: str) -> list[str]:
    places = list(find_sources(paths))
    assert all(isinstance(place, str) for place in places), places
    return [str(place).replace(os.sep, "/") for place in places]


def problems(*paths: str) -> list[Problem]:
    return [place for place in find_sources(paths) if isinstance(place, Problem)]


def test_folders_are_searched_in_sorted_order_for_python_and_documents() -> None:
    write("m/b.py", "m/a/z.ipynb", "m/a.py", "m/notes.txt", "m/c.pyc", "m/.hidden.py", "m/c.md", "m/d.rst", "m/e.pyi")
    assert found("m") == ["m/.hidden.py", "m/a/z.ipynb", "m/a.py", "m/b.py", "m/c.md", "m/d.rst", "m/e.pyi"]


def test_the_current_folder_adds_nothing_to_names() -> None:
    write("m/a.py")
    assert found(".") == ["m/a.py"]


def test_named_files_are_taken_as_they_are() -> None:
    write("script", "build/x.py", "ignored.py")
    write(".gitignore", text="*.py\n")
    assert found("script", "build/x.py", "ignored.py") == ["script", "build/x.py", "ignored.py"]


def test_each_file_once() -> None:
    write("m/a.py", "m/b.py")
    os.symlink("a.py", "m/c.py")
    assert found("m/b.py", "m", "./m/b.py", "m/../m") == ["m/b.py", "m/a.py"]


def test_standard_input_once_and_a_file_called_dash_apart_from_it() -> None:
    write("-")
    assert found(STDIN, STDIN, "./-") == [STDIN, "./-"]


@pytest.mark.parametrize("name", sorted(EXCLUDED_FOLDERS))
def test_excluded_folders_are_passed_over_unless_named(name: str) -> None:
    write(f"m/{name}/a.py", "m/b.py")
    assert found("m") == ["m/b.py"]
    assert found(f"m/{name}") == [f"m/{name}/a.py"]


def test_virtual_environments_of_any_name_are_passed_over() -> None:
    write("m/env/pyvenv.cfg", "m/env/lib/a.py", "m/b.py")
    assert found("m") == ["m/b.py"]
    assert found("m/env") == ["m/env/lib/a.py"]


def test_gitignore_at_every_level() -> None:
    write("m/.gitignore", text="gen_*.py\n/top.py\nout/\n# comment\n\n!\n")
    write("m/sub/.gitignore", text="!gen_kept.py\nlocal.py\n")
    write("m/gen_a.py", "m/top.py", "m/out/x.py", "m/local.py")
    write("m/sub/gen_b.py", "m/sub/gen_kept.py", "m/sub/top.py", "m/sub/local.py", "m/sub/out/y.py")
    assert found("m") == ["m/local.py", "m/sub/gen_kept.py", "m/sub/top.py"]


def test_gitignore_files_above_count_up_to_the_root_of_the_repository() -> None:
    write(".gitignore", text="outside.py\n")
    write("repo/.gitignore", text="/deep/er/secret.py\n")
    Path("repo/.git").mkdir()
    write("repo/deep/er/secret.py", "repo/deep/er/outside.py")
    assert found("repo/deep") == found("repo/deep/er") == ["repo/deep/er/outside.py"]


def test_gitignore_above_does_not_count_outside_a_repository() -> None:
    write(".gitignore", text="a.py\n")
    write("m/a.py")
    assert found("m") == ["m/a.py"]


def test_an_ignored_folder_that_is_named_is_searched() -> None:
    Path(".git").mkdir()
    write(".gitignore", text="out/\n*_gen.py\n")
    write("out/.gitignore", text="b.py\n")
    write("out/a.py", "out/b.py", "out/deep/c.py")
    assert found(".") == []
    assert found("out") == ["out/a.py", "out/deep/c.py"]
    assert found("out/deep") == ["out/deep/c.py"]


def test_the_search_agrees_with_git() -> None:
    write(".gitignore", text="*.py\n!keep*.py\n/a/*\n!/a/b/\nd/**/x.py\n")
    write("a/b/.gitignore", text="keep1.py\n")
    write(
        "keep0.py", "drop.py", "a/keep1.py", "a/b/keep1.py", "a/b/keep2.py", "d/e/f/keep3.py", "d/e/x.py", "d/keep4.py"
    )
    subprocess.run(["git", "init", "-q"], check=True)
    command = ["git", "ls-files", "--others", "--exclude-standard", "*.py"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert sorted(found(".")) == sorted(listed) != []


def test_a_linked_gitignore_does_not_count_as_with_git() -> None:
    write("patterns", text="a.py\n")
    write("m/a.py")
    os.symlink("../patterns", "m/.gitignore")
    assert found("m") == ["m/a.py"]


def test_a_gitignore_without_bounds_does_not_count() -> None:
    write("m/a.py", "n/a.py")
    write("m/.gitignore", text="a.py\n" + "#" * LARGEST)
    write("n/.gitignore", text=("a.py\n" + "#" * LARGEST)[:LARGEST])
    assert found("m", "n") == ["m/a.py"]


GLOBS = st.lists(st.sampled_from(["a", "b", "*", "?", "[ab]", "/", "/**/"]), min_size=1, max_size=7).map("".join)
PATHS = st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=4).map("/".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(GLOBS.filter(lambda text: "//" not in text and "***" not in text), PATHS, st.sampled_from(["", "/"]))
@example("a/**/b*/**/", "a/c/bb/x", "")
def test_patterns_with_many_stars_mean_what_they_mean_to_pathspec(pattern: str, path: str, end: str) -> None:
    wanted = GitIgnoreSpec.from_lines([pattern]).check_file(path + end).include
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(globbing, "_FEW", -1)
        assert globbing.spec_of([pattern]).check_file(path + end).include == wanted


@pytest.mark.parametrize(
    "pattern",
    ["*a" * 20 + "*b", "*a?" * 20 + "b", "**/a*a*/" * 20 + "b", "**/*a*a*a/**/*a*a*b/**/*a*a*b", "*" * 4000 + "b"],
    ids=lambda pattern: pattern[:12],
)
def test_no_pattern_is_slow(pattern: str) -> None:
    paths = ["a" * 250, "/".join(["a" * 250] * 15), "/".join(["a"] * 2000)]
    write("m/x.py")
    write("m/.gitignore", text=f"{pattern}\n")
    began = time.perf_counter()
    assert found("m") == ["m/x.py"]
    spec = globbing.spec_of([pattern])
    assert [spec.check_file(path).include for path in paths] == [None] * 3
    project = Patterns((Glob(pattern, "/m"),))
    assert not any(project.matches(f"/m/{path}") for path in paths)
    assert time.perf_counter() - began < 5


def test_what_is_no_pattern_is_passed_over() -> None:
    write("m/a.py", "m/b.py")
    write("m/.gitignore", text="[z-a]\n[\n\\\n!\n" + "*" * 5000 + "\na.py\n")
    assert found("m") == ["m/b.py"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_nobody_waits_for_a_gitignore_that_is_a_pipe() -> None:
    write("m/a.py")
    os.mkfifo("m/.gitignore")
    command = [sys.executable, "-c", "from attnlint.sources.discovery import find_sources; print(*find_sources(['m']))"]
    assert subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout == "m/a.py\n"


def test_links_to_folders_are_not_followed_and_broken_ones_are_no_sources() -> None:
    write("m/a.py")
    os.symlink("..", "m/loop")
    os.symlink(".", "m/self")
    os.symlink("nowhere.py", "m/.#lock.py")
    os.symlink("circle.py", "m/circle.py")
    assert found("m") == ["m/a.py"]
    assert found("m/self") == ["m/self/a.py"]


def test_a_link_to_a_file_is_ignored_by_its_own_name() -> None:
    write("m/.gitignore", text="alias.py\n")
    write("real.py")
    os.symlink("../real.py", "m/alias.py")
    assert found("m") == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_are_read_only_when_named() -> None:
    Path("m").mkdir()
    os.mkfifo("m/pipe.py")
    assert found("m") == []
    assert found("m/pipe.py") == ["m/pipe.py"]


def test_deep_trees() -> None:
    deep = Path("m", *("d" for _ in range(300)))
    deep.mkdir(parents=True)
    (deep / "a.py").touch()
    assert len(found("m")) == 1


def test_what_is_missing_is_a_problem_and_the_rest_goes_on() -> None:
    write("a.py")
    places = list(find_sources(["nowhere.py", "a.py", "nowhere.py", "a.py/b.py", "nul\0.py"]))
    assert places[:2] == [Problem("nowhere.py", None, "no such file or folder"), "a.py"]
    assert [place.path for place in places[2:] if isinstance(place, Problem)] == ["a.py/b.py", "nul\0.py"]


def test_a_folder_that_cannot_be_listed_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    write("m/closed/a.py", "m/open/b.py")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert problems("m") == [Problem(os.path.join("m", "closed"), None, "cannot be read: Permission denied")]
    assert "m/open/b.py" in [str(place).replace(os.sep, "/") for place in find_sources(["m"])]


def test_reading() -> None:
    Path("a.py").write_bytes(b"\xef\xbb\xbfx = 1\r\n")
    assert read("a.py") == read(Path("a.py")) == b"\xef\xbb\xbfx = 1\r\n"
    assert read("nowhere.py") == Problem("nowhere.py", None, "no such file or folder")
    folder = read(".")
    assert isinstance(folder, Problem)
    assert folder.reason.startswith("cannot be read: ")


def test_standard_input_is_read_once_and_remembered() -> None:
    program = "from attnlint.sources.read import read; print(read('-') == read('-') == b'x = 1\\n')"
    run = subprocess.run([sys.executable, "-c", program], input="x = 1\n", capture_output=True, text=True, check=True)
    assert run.stdout == "True\n"
