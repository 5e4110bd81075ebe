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
import torch

from attnlint.invariants import equals_reference
from attnlint.proof import Proof, normal


def loud(x):
    return x.softmax(dim=-1)  # expect: XYZ101


def quiet(x):
    return torch.zeros_like(x)


PROOFS = (
    Proof(
        code="XYZ101",
        title="the softmax itself",
        buggy=loud,
        fixed=quiet,
        inputs=normal((4, 8)),
        invariant=equals_reference(torch.zeros_like),
        margin=0.05,
    ),
)
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


def table(done: subprocess.CompletedProcess[str]) -> list[tuple[str, str]]:
    """The code and the verdict of each row of `attnlint prove`."""
    rows = (line.split() for line in done.stdout.splitlines()[1:-2] if not line.startswith(" "))
    return [(row[0], row[-1]) for row in rows]


def codes(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [found["code"] for found in json.loads(done.stdout)]


def test_a_rule_of_another_package(install: Install, attnlint: Attnlint) -> None:
    rule = RULE.format(code="XYZ101", name="loud-softmax")
    rule += '    docs_url = "https://loud.example/{code}.html"\n'
    install("loud-rules", {"rules/loud_softmax.py": rule, "fixtures/loud_softmax.py": FIXTURE})

    listed = attnlint("rules", status=0)
    assert "\nXYZ101  loud-softmax " in listed.stdout
    assert "\nATN101  missing-scale " in listed.stdout
    assert listed.stderr == ""
    page = attnlint("rule", "loud-softmax", status=0).stdout
    assert page.startswith("XYZ101 loud-softmax\n")
    assert "return x.softmax(dim=-1)  # XYZ101\n" in page
    assert "the softmax itself: the bug breaks equals_reference by more than 0.05" in page

    found = attnlint("model.py", "--output-format=json", status=1)
    assert codes(found) == ["ATN204", "XYZ101"]
    assert json.loads(found.stdout)[1]["url"] == "https://loud.example/XYZ101.html"
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
        ({"rules/leaving.py": "raise SystemExit(3)"}, "bad_rules.rules.leaving cannot be imported: SystemExit: 3"),
        (
            {"rules/small.py": RULE.format(code="xyz102", name="x")},
            "bad_rules.rules.small.LoudSoftmax has the code 'xyz102', which is not capital letters and a number",
        ),
        (
            {"rules/untrue.py": RULE.format(code="XYZ102", name="x").replace('(r"softmax",)', '(r"softmax(",)')},
            "bad_rules.rules.untrue.LoudSoftmax has the trigger 'softmax(', which is no pattern of ASCII: missing )",
        ),
        (
            {"rules/string.py": RULE.format(code="XYZ102", name="x").replace('(r"softmax",)', 'r"softmax"')},
            "bad_rules.rules.string.LoudSoftmax has triggers that are no tuple of strings",
        ),
        (
            {
                "rules/made.py": RULE.format(code="XYZ102", name="x")
                + "\n    def __init__(self, heads):\n        pass\n"
            },
            "bad_rules.rules.made.LoudSoftmax has an __init__ that raises TypeError: ",
        ),
    ],
    ids=[
        *("import", "syntax", "absent", "code", "name", "nameless"),
        *("exit", "small", "trigger", "string", "init"),
    ],
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


def test_its_proofs_are_run_beside_the_built_in_ones(install: Install, attnlint: Attnlint) -> None:
    rule = RULE.format(code="XYZ101", name="loud-softmax")
    install("loud-rules", {"rules/loud_softmax.py": rule, "fixtures/loud_softmax.py": FIXTURE})
    proven = attnlint("prove", "XYZ", "ATN105", "--device=cpu", status=0)
    assert table(proven) == [("ATN105", "holds")] * 3 + [("XYZ101", "holds")]
    assert proven.stderr == ""
    shown = json.loads(attnlint("prove", "XYZ101", "--device=cpu", "--output-format=json", status=0).stdout)
    assert [(one["code"], one["title"], one["fixed"]["value"]) for one in shown["proofs"]] == [
        ("XYZ101", "the softmax itself", 0.0)
    ]


def test_a_proof_of_it_that_fails(install: Install, attnlint: Attnlint) -> None:
    rule = RULE.format(code="XYZ101", name="loud-softmax")
    install("loud-rules", {"rules/loud_softmax.py": rule, "fixtures/loud_softmax.py": FIXTURE.replace("0.05", "2.0")})
    assert table(attnlint("prove", "XYZ101", "--device=cpu", status=1)) == [("XYZ101", "fails")]


def test_rules_and_fixtures_in_one_module_each(install: Install, attnlint: Attnlint) -> None:
    install("one-module", {"rules.py": RULE.format(code="XYZ101", name="loud-softmax"), "fixtures.py": FIXTURE})
    assert codes(attnlint("model.py", "--output-format=json", "--select=XYZ", status=1)) == ["XYZ101"]
    assert "return x.softmax(dim=-1)  # XYZ101\n" in attnlint("rule", "XYZ101", status=0).stdout
    assert table(attnlint("prove", "XYZ101", "--device=cpu", status=0)) == [("XYZ101", "holds")]


def test_broken_fixtures_are_a_line_each_and_the_others_go_on(install: Install, attnlint: Attnlint) -> None:
    fixtures = {
        "importing": "import no_such_module\n" + FIXTURE,
        "leaving": "raise SystemExit(3)\n",
        "unproven": FIXTURE.replace("PROOFS", "PROVEN"),
        "unmeasured": FIXTURE.replace("equals_reference(torch.zeros_like)", "equals_reference"),
    }
    named = {f"XYZ10{number}": name for number, name in enumerate(fixtures, 1)}
    files = {f"rules/{name}.py": RULE.format(code=code, name=name) for code, name in named.items()}
    files |= {f"fixtures/{name}.py": fixtures[name].replace("XYZ101", code) for code, name in named.items()}
    install("bad-rules", files)
    proven = attnlint("prove", "XYZ", "ATN105", "--device=cpu", status=2)
    assert table(proven) == [("ATN105", "holds")] * 3
    told = (
        "fixture of XYZ101 importing: cannot be imported: ModuleNotFoundError: No module named ",
        "fixture of XYZ102 leaving: cannot be imported: SystemExit: 3",
        "fixture of XYZ103 unproven: bad_rules.fixtures.unproven has no PROOFS of XYZ103",
        "the proof 'the softmax itself' of XYZ104 failed with ",
    )
    for line, start in zip(proven.stderr.splitlines(), told, strict=True):
        assert line.startswith(f"attnlint: {start}")
    assert proven.stderr.endswith("; this is a bug of bad_rules, please report it\n")
    found = codes(attnlint("model.py", "--output-format=json", status=1))
    assert found == ["ATN204", *named]


def test_a_broken_package_of_fixtures(install: Install, attnlint: Attnlint) -> None:
    rule = RULE.format(code="XYZ101", name="loud-softmax")
    install("bad-rules", {"rules/loud.py": rule, "fixtures/__init__.py": "raise OSError('no')", "fixtures/loud.py": ""})
    shown = attnlint("rule", "XYZ101", status=2)
    assert shown.stdout.startswith("XYZ101 loud-softmax\n")
    told = "fixture of XYZ101 loud-softmax: bad_rules.fixtures cannot be imported: OSError: no"
    assert shown.stderr == f"attnlint: {told}\n"


def test_a_fixture_that_is_not_python_costs_the_page_its_example(install: Install, attnlint: Attnlint) -> None:
    rule = RULE.format(code="XYZ101", name="loud-softmax")
    install("bad-rules", {"rules/loud_softmax.py": rule, "fixtures/loud_softmax.py": "def f(:\n"})
    shown = attnlint("rule", "XYZ101", status=2)
    assert shown.stdout.startswith("XYZ101 loud-softmax\n")
    assert shown.stderr.startswith("attnlint: fixture of XYZ101 loud-softmax: cannot be read: SyntaxError: ")


def test_rules_that_raise_are_named_with_their_package(install: Install, attnlint: Attnlint, tmp_path: Path) -> None:
    bodies = {
        "raising": "yield Finding(softmax.origin, 'found')\n            raise KeyError('heads')",
        "nowhere": "yield Finding(None, 'nowhere')",
        "wordless": "yield 'a softmax is taken'",
        "sound": "yield Finding(softmax.origin, 'found')",
    }
    rules = {
        f"rules/{name}.py": RULE.replace('yield Finding(softmax.origin, "a softmax is taken")', body).format(
            code=f"XYZ10{number}", name=name
        )
        for number, (name, body) in enumerate(bodies.items(), 1)
    }
    install("bad-rules", rules)
    (tmp_path / "other.py").write_text(MODEL)
    done = attnlint("model.py", "other.py", "--output-format=json", status=2)
    assert codes(done) == ["ATN204", "XYZ101", "XYZ104"] * 2
    told = (
        "XYZ101 raising failed with KeyError: 'heads' (raising.py:2",
        "XYZ102 nowhere failed with AttributeError: 'NoneType' object has no attribute ",
        "XYZ103 wordless failed with AttributeError: 'str' object has no attribute ",
    )
    expected = [f"{path}: {one}" for path in ("model.py", "other.py") for one in told]
    for line, start in zip(done.stderr.splitlines(), expected, strict=True):
        assert line.startswith(start)
        assert line.endswith("; this is a bug of bad_rules, please report it")
