"""The papers say what the code does: the same rules everywhere, and commands that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from attnlint.cli import app
from attnlint.output import formats
from attnlint.rule import discover

CHECKOUT = Path(__file__).parent.parent
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
CHANGELOG = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")
CONTRIBUTING = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PAGES = {page.name: page.read_text(encoding="utf-8") for page in sorted((CHECKOUT / "docs").glob("*.md"))}
FENCED = re.compile(r"^ *```(?:console|bash|yaml)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
NAMES = {code: rule.name for code, rule in discover().items()}
PROVEN = {code: name for code, name in NAMES.items() if not code.startswith("ATN0")}
"""Rules about code; those about the run itself (ATN0xx) have nothing to execute."""


def commands(text: str, program: str) -> list[list[str]]:
    """The command lines of a document's fenced blocks that run ``program``, without the program's name."""
    lines = (line for block in FENCED.findall(text) for line in block.splitlines())
    parts = (part.strip() for line in lines for part in re.split(r"&&|\||run: |entry: |^\$ ", line))
    return [shlex.split(part, comments=True)[1:] for part in parts if part.split(" ")[0] == program]


def test_every_family_is_in_the_readme_and_every_rule_in_the_changelog() -> None:
    assert {family[3] for family in re.findall(r"^\| (ATN\d)xx \|", README, re.MULTILINE)} >= {c[3] for c in PROVEN}
    assert dict(re.findall(r"^- (ATN\d{3}) ([a-z-]+)", CHANGELOG, re.MULTILINE)) == NAMES


def test_every_rule_has_a_fixture_of_its_name() -> None:
    for code, name in PROVEN.items():
        module = name.replace("-", "_") + ".py"
        assert (CHECKOUT / "rules" / module).exists(), module
        fixture = (CHECKOUT / "fixtures" / module).read_text(encoding="utf-8")
        assert f"# expect: {code}" in fixture, module
    fixtures = {path.stem.replace("_", "-") for path in (CHECKOUT / "fixtures").glob("[!_]*.py")}
    assert fixtures == set(PROVEN.values())


@pytest.mark.parametrize("document", [README, CONTRIBUTING, PAGES["outputs.md"]])
def test_every_attnlint_command_exists(document: str) -> None:
    assert commands(document, "attnlint")
    for arguments in commands(document, "attnlint"):
        context = click.Context(app)
        name = next(iter({*arguments[:1]} & {*app.list_commands(context)}), "check")
        command = app.get_command(context, name)
        assert command
        known = {option for parameter in command.params for option in parameter.opts} | {"--version", "--help"}
        used = {argument.partition("=")[0] for argument in arguments if argument.startswith("--")}
        assert used <= known, arguments


def test_every_format_is_on_the_page_of_formats() -> None:
    assert sorted(re.findall(r"^\| `([a-z-]+)` \|", PAGES["outputs.md"], re.MULTILINE)) == formats()


def test_every_extra_that_is_installed_exists() -> None:
    project = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    for document in (README, CONTRIBUTING):
        for extra in re.findall(r"\.\[(\w+)\]", document):
            assert re.search(rf"^{extra} = \[", project, re.MULTILINE), extra


def test_paths_that_the_papers_name_exist() -> None:
    for document in (README, CONTRIBUTING):
        for path in re.findall(r"\]\((?!https?:|#)([^)#]+)", document):
            assert (CHECKOUT / path).exists(), path


def test_continuous_integration_runs_what_the_readme_says() -> None:
    script = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")
    assert commands(f"```bash\n{script}```\n", "pip") == [["install", ".[dev]"]]
    assert ["install", ".[dev]"] in commands(README, "pip")
    assert commands(f"```bash\n{script}```\n", "pytest") == [[]]
    assert [] in commands(README, "pytest")


def test_the_version_of_the_changelog_is_the_version() -> None:
    from attnlint import __version__

    newest = re.search(r"^## (\S+)", CHANGELOG, re.MULTILINE)
    assert newest
    assert newest[1] == __version__


def test_the_example_of_the_readme_is_reported_as_its_comments_say() -> None:
    from attnlint import lint_source

    header = "from torch import Tensor, nn\nimport torch.nn.functional as F\n\n\n"
    example = header + re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)[0]
    expected = re.findall(r"# (ATN\d{3})", example)
    found = lint_source(example)
    assert [diagnostic.code for diagnostic in found] == expected
    assert all(f"# {one.code}" in example.splitlines()[one.span.line - 1] for one in found)


@pytest.mark.parametrize("code", NAMES)
def test_a_page_says_what_how_much_when_not_and_what_to_do(code: str) -> None:
    page = discover()[code].documentation()
    headings = re.findall(r"^\*\*(.+?)\.?\*\*", page, re.MULTILINE)
    if code in PROVEN:
        assert headings == [
            "What it finds",
            "Why it costs" if code.startswith("ATN9") else "Why it hurts",
            "Silent when",
            "Mend",
        ]
    effect = re.search(r"\*\*Why it (?:hurts|costs)\.\*\*(.*?)\n\n", page, re.DOTALL)
    assert code not in PROVEN or (effect and re.search(r"\d", effect[1])), "no figure"
