"""What people install: a wheel, an sdist and an editable checkout, each in a clean environment without torch."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from attnlint.rule import discover

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parent.parent
EXPECT = re.compile(r"# expect: (ATN\d+(?:, ?ATN\d+)*)")
HOMES = {"attnlint": "attnlint", "attnlint/rules": "rules", "attnlint/fixtures": "fixtures"}
"""Where each part of the installed package stands in the checkout."""


def execute(*command: str | Path, cwd: Path, status: int | None = 0) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert status in (None, result.returncode), f"{command}\n{result.stdout}\n{result.stderr}"
    return result


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout without what earlier builds left in it."""
    left_out = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist")
    return Path(shutil.copytree(CHECKOUT, tmp_path_factory.mktemp("checkout") / "attnlint", ignore=left_out))


@pytest.fixture(scope="session")
def packages(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The sdist built from the checkout, and the wheel built from that sdist."""
    out = tmp_path_factory.mktemp("packages")
    execute(sys.executable, "-m", "build", "--outdir", out, tree, cwd=out)
    return {"wheel": next(out.glob("*.whl")), "sdist": next(out.glob("*.tar.gz"))}


@pytest.fixture(scope="session", params=["wheel", "sdist", "editable"])
def environment(
    request: pytest.FixtureRequest, tree: Path, packages: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of programs of an environment that holds attnlint and what it depends on, nothing else."""
    home = tmp_path_factory.mktemp(request.param)
    execute(sys.executable, "-m", "venv", home, cwd=home)
    programs = home / ("Scripts" if sys.platform == "win32" else "bin")
    what = ["--editable", tree] if request.param == "editable" else [packages[request.param]]
    execute(programs / "python", "-m", "pip", "install", "--quiet", *what, cwd=home)
    return programs


def modules(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}


def test_the_wheel_holds_every_module_and_nothing_else(packages: Mapping[str, Path]) -> None:
    with zipfile.ZipFile(packages["wheel"]) as wheel:
        shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}
    expected = {f"{home}/{name}" for home, folder in HOMES.items() for name in modules(CHECKOUT / folder)}
    assert shipped == expected | {"attnlint/py.typed", "attnlint/config/schema.json"}


def test_the_sdist_holds_the_tests_and_the_papers(packages: Mapping[str, Path]) -> None:
    with tarfile.open(packages["sdist"]) as sdist:
        shipped = {name.partition("/")[2] for name in sdist.getnames()}
    papers = {"LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "pyproject.toml", "benchmarks/README.md"}
    assert papers <= shipped
    assert {f"tests/{name}" for name in modules(CHECKOUT / "tests")} <= shipped
    assert {f"{folder}/{name}" for folder in HOMES.values() for name in modules(CHECKOUT / folder)} <= shipped


def test_no_torch_comes_along(environment: Path, tmp_path: Path) -> None:
    result = execute(environment / "python", "-c", "import torch", cwd=tmp_path, status=1)
    assert "No module named 'torch'" in result.stderr


def test_the_built_in_rules_are_found(environment: Path, tmp_path: Path) -> None:
    listed = execute(environment / "attnlint", "rules", cwd=tmp_path).stdout
    codes = re.findall(r"^ATN\d+", listed, re.MULTILINE)
    assert len(codes) == len(modules(CHECKOUT / "rules") - {"__init__.py"})
    assert codes == sorted(codes) != []


def test_every_marked_line_of_the_fixtures_is_reported(environment: Path, tmp_path: Path) -> None:
    fixtures = shutil.copytree(CHECKOUT / "fixtures", tmp_path / "fixtures")
    result = execute(environment / "attnlint", "fixtures/", "--output-format=json", cwd=tmp_path, status=1)
    assert result.stderr == ""
    reported = {(Path(found["path"]).name, found["line"], found["code"]) for found in json.loads(result.stdout)}
    marked = {
        (path.name, number, code)
        for path in fixtures.glob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for match in EXPECT.finditer(line)
        for code in re.findall(r"ATN\d+", match[1])
        if discover()[code].on_by_default
    }
    assert reported == marked != set()


def test_prove_says_in_one_line_how_to_get_torch(environment: Path, tmp_path: Path) -> None:
    result = execute(environment / "attnlint", "prove", cwd=tmp_path, status=2)
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert "attnlint[torch]" in result.stderr


def test_types_are_shipped(environment: Path, tmp_path: Path) -> None:
    program = "import attnlint.cli, pathlib; print((pathlib.Path(attnlint.__file__).parent / 'py.typed').exists())"
    assert execute(environment / "python", "-c", program, cwd=tmp_path).stdout == "True\n"
