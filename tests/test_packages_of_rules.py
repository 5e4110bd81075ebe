"""Rules from packages that are installed beside attnlint, found through the entry point. Broken ones are named."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

RULE = '''
from collections.abc import Iterator

from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.values import Softmax
from attnlint.rule import Finding, Rule


class LoudSoftmax(Rule):
    """A softmax is taken.

    **What it finds.** Every softmax.
    """

    code = "{code}"
    name = "{name}"
    formerly = ("XYZ900",)
    triggers = (r"softmax",)

    def check_definition(self, graph: DefinitionGraph) -> Iterator[Finding]:
        """Report each softmax."""
        for softmax in graph.all(Softmax):
            yield Finding(softmax.origin, "a softmax is taken")
'''
FIXTURE = """
def loud(x):
    return x.softmax(dim=-1)  # expect: XYZ101


PROOFS = (Proof(code="XYZ101", title="the softmax itself", buggy=loud, fixed=quiet, invariant=silence(), margin=0.5),)
"""
PROJECT = """
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "1.0"

[project.entry-points."attnlint.rules"]
more = "{module}.rules"

[tool.setuptools]
packages = [{packages}]
"""
MODEL = """\
import torch


def attend(q, k, v, mask):
    scores = q @ k.transpose(-2, -1) / k.size(-1) ** 0.5
    scores.masked_fill(mask == 0, float("-inf"))
    return torch.softmax(scores, dim=-1) @ v
"""

Install = Callable[[str, Mapping[str, str]], None]
Attnlint = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of packages that Python sees beside its own."""
    folder = tmp_path / "site"
    folder.mkdir()
    (tmp_path / "model.py").write_text(MODEL)
    return folder


@pytest.fixture
def install(site: Path, tmp_path: Path) -> Install:
    def installed(name: str, files: Mapping[str, str]) -> None:
        """Build a package of these modules and install it with pip."""
        module, home = name.replace("-", "_"), tmp_path / name
        for path, text in files.items():
            (home / module / path).parent.mkdir(parents=True, exist_ok=True)
            (home / module / path).write_text(text)
        for folder in {(home / module / path).parent for path in files} | {home / module}:
            (folder / "__init__.py").touch()
        packages = {".".join((module, *Path(path).parent.parts)) for path in files} | {module}
        listed = ", ".join(f'"{package}"' for package in sorted(packages))
        (home / "pyproject.toml").write_text(PROJECT.format(name=name, module=module, packages=listed))
        options = ("--quiet", "--no-deps", "--no-build-isolation", "--target", str(site))
        command = [sys.executable, "-m", "pip", "install", *options, str(home)]
        subprocess.run(command, check=True, capture_output=True)

    return installed


@pytest.fixture
def attnlint(site: Path, tmp_path: Path) -> Attnlint:
    def run(*arguments: str, status: int) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(site)}
        script = shutil.which("attnlint", path=sysconfig.get_path("scripts"))
        assert script, "attnlint is not installed in this environment"
        command = [script, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
        assert done.returncode == status, done.stderr
        return done

    return run


def codes(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [found["code"] for found in json.loads(done.stdout)]


def test_a_rule_of_another_package(install: Install, attnlint: Attnlint) -> None:
    rule = RULE.format(code="XYZ101", name="loud-softmax")
    install("loud-rules", {"rules/loud_softmax.py": rule, "fixtures/loud_softmax.py": FIXTURE})

    listed = attnlint("rules", status=0)
    assert "\nXYZ101  loud-softmax " in listed.stdout
    assert "\nATN101  missing-scale " in listed.stdout
    assert listed.stderr == ""
    page = attnlint("rule", "loud-softmax", status=0).stdout
    assert page.startswith("XYZ101 loud-softmax\n")
    assert "return x.softmax(dim=-1)  # XYZ101\n" in page
    assert "the softmax itself: the bug breaks silence by more than 0.5" in page

    assert codes(attnlint("model.py", "--output-format=json", status=1)) == ["ATN204", "XYZ101"]
    assert codes(attnlint("model.py", "--output-format=json", "--select=XYZ", status=1)) == ["XYZ101"]
    assert codes(attnlint("model.py", "--output-format=json", "--ignore=loud-softmax", status=1)) == ["ATN204"]
    former = attnlint("model.py", "--output-format=json", "--select=XYZ900", status=1)
    assert codes(former) == ["XYZ101"]
    assert former.stderr == "attnlint: XYZ900 is called XYZ101 loud-softmax now\n"


def test_a_comment_silences_it(install: Install, attnlint: Attnlint, tmp_path: Path) -> None:
    install("loud-rules", {"rules/loud_softmax.py": RULE.format(code="XYZ101", name="loud-softmax")})
    for comment in ("# attnlint: ignore[XYZ101]", "# noqa: XYZ101"):
        (tmp_path / "model.py").write_text(MODEL.replace("dim=-1) @ v", f"dim=-1) @ v  {comment}"))
        assert codes(attnlint("model.py", "--output-format=json", status=1)) == ["ATN204"]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (
            {"rules/broken.py": "import no_such_module\n"},
            "bad_rules.rules.broken cannot be imported: ModuleNotFoundError: No module named 'no_such_module'",
        ),
        ({"rules/broken.py": "def f(:\n"}, "bad_rules.rules.broken cannot be imported: SyntaxError: "),
        ({"other.py": ""}, "bad_rules.rules cannot be imported: ModuleNotFoundError: "),
        (
            {"rules/taken.py": RULE.format(code="ATN101", name="loud-softmax")},
            "bad_rules.rules.taken.LoudSoftmax claims ATN101, which attnlint.rules.missing_scale.MissingScale has",
        ),
        (
            {"rules/taken.py": RULE.format(code="XYZ102", name="missing-scale")},
            "bad_rules.rules.taken.LoudSoftmax claims missing-scale, which attnlint.rules.missing_scale.Miss",
        ),
        (
            {"rules/nameless.py": RULE.format(code="XYZ102", name="x").replace("    name =", "    title =")},
            "bad_rules.rules.nameless.LoudSoftmax has no name",
        ),
    ],
    ids=["import", "syntax", "absent", "code", "name", "nameless"],
)
def test_broken_rules_are_a_line_that_names_them(
    files: Mapping[str, str], told: str, install: Install, attnlint: Attnlint
) -> None:
    more = (
        {"rules/loud_softmax.py": RULE.format(code="XYZ103", name="louder-softmax")} if "other.py" not in files else {}
    )
    install("bad-rules", {**files, **more})
    checked = attnlint("model.py", "--output-format=json", status=2)
    assert codes(checked) == ["ATN204", "XYZ103"][: 1 + bool(more)]
    assert attnlint("rules", status=2).stderr == checked.stderr
    (line,) = checked.stderr.splitlines()
    assert line.startswith(f"attnlint: rules of bad-rules: {told}")
