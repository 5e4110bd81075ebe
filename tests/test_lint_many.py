"""The recipe for many repositories, on real clusters: everything is found, and nothing that breaks ends the run."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from checkout import CHECKOUT, repository
from test_cli import BUGGY, CLEAN

pytest.importorskip("distributed", reason="the extra `many` is not installed")
parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `many` is not installed")

SCRIPT = CHECKOUT / "recipes" / "lint_many.py"
PAGE = (CHECKOUT / "docs" / "many.md").read_text("utf-8")
FOUND = [("model.py", 6, "ATN204"), ("model.py", 11, "ATN101")]
KILLER = """\
import os
import time
from attnlint import Rule


class Killer(Rule):
    \"\"\"It ends the process.\"\"\"

    code = "XYZ101"
    name = "killer"
    triggers = ("kill_the_process", "sleep_forever")

    def check_definition(self, graph):
        print("on standard output", flush=True)
        if graph.definition.name == "kill_the_process":
            os._exit(9)
        if graph.definition.name == "sleep_forever":
            time.sleep(1000)
        return ()
"""


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def project(name: str, **files: str) -> Path:
    """A folder of Python files."""
    Path(name).mkdir()
    for file, text in files.items():
        Path(name, f"{file}.py").write_text(text, "utf-8")
    return Path(name).resolve()


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    inherited = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
    return subprocess.run(
        command, env={**inherited, **environment}, capture_output=True, text=True, check=False, timeout=300
    )


def rows(name: str = "findings.parquet") -> list[dict[str, Any]]:
    table: list[dict[str, Any]] = parquet.read_table(name).to_pylist()
    return table


def places(found: list[dict[str, Any]], repository: object) -> list[tuple[str, int, str]]:
    return [(row["path"], row["line"], row["code"]) for row in found if row["repository"] == str(repository)]


@pytest.mark.slow
class TestClusters:
    def test_folders_and_clones_on_a_local_cluster(self) -> None:
        first, second = project("first", model=BUGGY), project("second", model=BUGGY, clean=CLEAN)
        commit = repository(second)
        done = run("first", second.as_uri(), "--output=out.parquet", "--workers=2")
        assert done.returncode == 1, done.stderr
        assert done.stdout == "4 findings and 0 problems in 2 repositories; written to out.parquet\n"
        found = rows("out.parquet")
        assert places(found, first) == places(found, second.as_uri()) == FOUND
        assert [row["revision"] for row in found] == [None, None, commit, commit]
        assert [row["repository"] for row in found] == [str(first)] * 2 + [second.as_uri()] * 2
        assert (found[0]["name"], found[0]["severity"], found[0]["fix"]) == ("discarded-mask", "error", "unsafe")
        assert (found[0]["column"], found[0]["end_line"], found[0]["problem"]) == (5, 6, None)
        assert found[0]["message"].startswith("the result of `masked_fill` is thrown away")

    def test_broken_repositories_end_nothing(self) -> None:
        """One that is none, that cannot be cloned, that is no Python, that ends its process, and that never ends."""
        Path("site/killer-1.0.dist-info").mkdir(parents=True)
        Path("site/killer.py").write_text(KILLER, "utf-8")
        Path("site/killer-1.0.dist-info/METADATA").write_text("Name: killer\nVersion: 1.0\n", "utf-8")
        Path("site/killer-1.0.dist-info/entry_points.txt").write_text("[attnlint.rules]\nk = killer\n", "utf-8")
        killing = project("killing", model=BUGGY.replace("attend(", "kill_the_process("))
        endless = project("endless", model=BUGGY.replace("attend(", "sleep_forever("))
        broken = project("broken", model=BUGGY, syntax="import torch\nsoftmax(\n")
        sound = project("sound", model=BUGGY)
        gone = Path("gone.git").resolve().as_uri()
        site = str(Path("site").resolve())
        named = ("missing", "killing", gone, "endless", "broken", "sound")
        done = run(*named, "--workers=1", "--timeout=15", PYTHONPATH=site)
        assert done.returncode == 2, done.stderr
        assert done.stdout == "4 findings and 5 problems in 6 repositories; written to findings.parquet\n"
        found = rows()
        assert places(found, sound) == FOUND
        assert places(found, broken) == [*FOUND, ("syntax.py", 2, None)]
        problems = {row["repository"]: row["problem"] for row in found if row["problem"]}
        assert problems["missing"].startswith("cannot be cloned: ")
        assert problems[gone].startswith("cannot be cloned: ")
        assert problems[str(killing)] == "its process ended with 9: on standard output"
        assert problems[str(endless)] == "was not linted within 15 seconds"
        assert problems[str(broken)] == "'(' was never closed"
        assert all(row["code"] is None for row in found if row["problem"])
        for line in (f"{sound}: 2 findings", f"{broken}: syntax.py:2: '(' was never closed", f"{gone}: 0 findings"):
            assert line in done.stderr.splitlines()

    def test_another_scheduler_and_a_list(self) -> None:
        from distributed import LocalCluster

        first, second = project("first", model=BUGGY), project("second", model=CLEAN)
        Path("list.txt").write_text(f"# mine\n{first}\n\n{second}\n{first}\n", "utf-8")
        with LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=None) as cluster:
            address = cluster.scheduler_address
            done = run("--from=list.txt", "--scheduler", address, "--select=ATN1", "--ignore", "wrong-scale")
            assert done.returncode == 1, done.stderr
            assert [(row["repository"], row["code"]) for row in rows()] == [(str(first), "ATN101")]
            assert done.stdout.startswith("1 finding and 0 problems in 2 repositories; ")
            assert run(second, "--scheduler", address).returncode == 0
        assert rows() == []
        assert "problem" in parquet.read_table("findings.parquet").column_names

    def test_the_table_is_read_as_the_page_says(self) -> None:
        project("first", model=BUGGY)
        assert run("first").returncode == 1
        (program,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert [row["code"] for row in ast.literal_eval(done.stdout)] == ["ATN101", "ATN204"]


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            ([], "no repository is named"),
            (["."], "nothing can be written into the folder of nowhere/x.parquet"),
            ([".", "--select=ATN1O1"], "no rule is called 'ATN1O1'; did you mean ATN101?"),
            ([".", "--workers=0"], "0 is not in the range x>=1"),
        ],
        ids=["none", "output", "code", "workers"],
    )
    def test_they_are_told_before_anything_is_done(self, arguments: list[str], told: str) -> None:
        output = "nowhere/x.parquet" if "nowhere" in told else "x.parquet"
        done = run(*arguments, f"--output={output}")
        assert (done.returncode, done.stdout) == (2, "")
        assert told in done.stderr
        assert "Traceback" not in done.stderr

    def test_without_dask_a_line_says_how_to_get_it(self) -> None:
        hide = "import runpy, sys; sys.modules['distributed'] = None; sys.argv = sys.argv[1:];"
        program = f"{hide} runpy.run_path(sys.argv[0], run_name='__main__')"
        command = [sys.executable, "-c", program, str(SCRIPT), "."]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert done.stderr.startswith("Error: this needs Dask and pyarrow: pip install 'attnlint[many]' (")

    @pytest.mark.slow
    def test_a_scheduler_that_does_not_answer(self) -> None:
        done = run(".", "--scheduler=nonsense://x")
        assert done.returncode == 2
        assert "no scheduler answers at nonsense://x" in done.stderr
        assert "Traceback" not in done.stderr


def test_the_page_names_options_and_columns_that_exist() -> None:
    described = run("--help").stdout
    blocks = re.findall(r"^```bash\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line) for block in blocks for line in block.splitlines() if "lint_many" in line]
    assert len(lines) == 3
    assert {word for line in lines for word in line if word.startswith("--")} <= set(
        re.findall(r"--[a-z-]+", described)
    )
    columns = [
        name for row in re.findall(r"^\| (`.*?`) \|", PAGE, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    ]
    assert sorted(columns) == sorted(
        re.findall(r'^    "(\w+)": "(?:string|int32)",$', SCRIPT.read_text("utf-8"), re.MULTILINE)
    )
