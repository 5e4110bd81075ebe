"""What docs/ci.md tells people to write is what each service takes, and the command line, the action and hooks."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from checkout import CHECKOUT

from attnlint import __version__, discover, select
from attnlint.cli import FAILURE, INTERRUPTED, app
from attnlint.interruptions import ENDING
from attnlint.output import formats

PAGE = (CHECKOUT / "docs" / "ci.md").read_text("utf-8")
README = (CHECKOUT / "README.md").read_text("utf-8")
ACTION: dict[str, Any] = yaml.safe_load((CHECKOUT / "action.yml").read_text("utf-8"))
HOOKS = [hook["id"] for hook in yaml.safe_load((CHECKOUT / ".pre-commit-hooks.yaml").read_text("utf-8"))]
REPOSITORY = "attnlint/attnlint"

BLOCKS = [
    (language, text)
    for document in (PAGE, README)
    for language, text in re.findall(r"^```(\w+)\n(.*?)^```", document, re.MULTILINE | re.DOTALL)
]
DOCUMENTS: list[Any] = [yaml.safe_load(text) for language, text in BLOCKS if language == "yaml"]
WORKFLOWS = [document for document in DOCUMENTS if "jobs" in document]
PIPELINES = [document for document in DOCUMENTS if "attnlint" in document]
CONFIGURATIONS = [document for document in DOCUMENTS if "repos" in document]
STEPS = [document for document in DOCUMENTS if "steps" in document]
ACTION_STEPS: list[dict[str, Any]] = [
    step
    for workflow in WORKFLOWS
    for job in workflow["jobs"].values()
    for step in job["steps"]
    if step.get("uses", "").startswith(REPOSITORY)
]


def lines(document: object) -> Iterator[str]:
    """Every string in a document."""
    if isinstance(document, str):
        yield from document.splitlines()
    elif isinstance(document, (list, dict)):
        for part in document.values() if isinstance(document, dict) else document:
            yield from lines(part)


def commands() -> Iterator[list[str]]:
    """The arguments of each time that attnlint is run by name, and those that the action and the hooks are given."""
    texts = [line for document in DOCUMENTS for line in lines(document)]
    texts += [line for language, text in BLOCKS if language in ("bash", "groovy") for line in text.splitlines()]
    for text in texts:
        for match in re.finditer(r"(?:^|[&'/ ])attnlint ((?:-|[a-z]+/)[^'|>#]*)", text):
            yield shlex.split(match[1])
    for step in ACTION_STEPS:
        yield shlex.split(step.get("with", {}).get("args", ""))
    for configuration in CONFIGURATIONS:
        yield from (hook.get("args", []) for repo in configuration["repos"] for hook in repo["hooks"])


def test_every_kind_of_example_is_there() -> None:
    assert len(WORKFLOWS) + len(PIPELINES) + len(CONFIGURATIONS) + len(STEPS) == len(DOCUMENTS)
    assert (len(WORKFLOWS), len(PIPELINES), len(STEPS)) == (3, 1, 1)
    assert len(CONFIGURATIONS) >= 2
    assert len(ACTION_STEPS) == 2
    assert len([arguments for arguments in commands() if arguments]) >= 6


def test_options_are_those_of_the_command_line() -> None:
    check = app.get_command(click.Context(app), "check")
    assert check
    known = {option for parameter in check.params for option in parameter.opts}
    for arguments in commands():
        used = {argument.partition("=")[0] for argument in arguments if argument.startswith("--")}
        assert used <= known, arguments


def test_formats_and_codes_exist() -> None:
    named = [pair for arguments in commands() for pair in pairwise(arguments)]
    chosen = {value for option, value in named if option == "--output-format"}
    assert {"github", "gitlab", "json", "concise"} <= chosen <= set(formats())
    for option, value in named:
        if option in ("--select", "--ignore"):
            assert select(discover(), value.split(","))


@pytest.mark.parametrize(
    ("schema", "documents"),
    [("github-workflows", WORKFLOWS), ("gitlab-ci", PIPELINES)],
    ids=["github", "gitlab"],
)
def test_services_take_the_examples(schema: str, documents: list[Any], tmp_path: Path) -> None:
    for number, document in enumerate(documents):
        # YAML 1.1 reads the key ``on`` as true.
        text = json.dumps({"on" if key is True else key: value for key, value in document.items()})
        (tmp_path / f"{number}.json").write_text(text, "utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    command += map(str, tmp_path.iterdir())
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_pre_commit_takes_the_examples(tmp_path: Path) -> None:
    for number, configuration in enumerate(CONFIGURATIONS):
        (tmp_path / f"{number}.yaml").write_text(yaml.safe_dump(configuration), "utf-8")
    command = [sys.executable, "-m", "pre_commit", "validate-config", *map(str, tmp_path.iterdir())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_hooks_exist_and_are_of_this_version() -> None:
    for configuration in CONFIGURATIONS:
        for repo in configuration["repos"]:
            assert repo["repo"] == f"https://github.com/{REPOSITORY}"
            assert repo["rev"] == f"v{__version__}"
            assert {hook["id"] for hook in repo["hooks"]} <= set(HOOKS)
    assert all(f"`{hook}`" in PAGE or f"id: {hook}" in PAGE for hook in HOOKS)


def test_the_action_is_of_this_version_and_takes_what_it_is_given() -> None:
    for step in ACTION_STEPS:
        assert step["uses"] == f"{REPOSITORY}@v{__version__}"
        assert set(step["with"]) <= set(ACTION["inputs"])


def test_the_table_of_inputs_is_that_of_the_action() -> None:
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (?:`(.*?)`)? *\|", PAGE, re.MULTILINE))
    assert rows == {name: one["default"] for name, one in ACTION["inputs"].items()}
    assert all(f"`{name}`" in PAGE for name in ACTION["outputs"])


def test_the_table_of_statuses_is_that_of_the_command_line() -> None:
    statuses = [int(number) for number in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)]
    assert statuses == [0, 1, FAILURE, *(128 + number for number in ENDING)]
    assert INTERRUPTED in statuses


def test_pages_that_are_named_exist() -> None:
    for page in (CHECKOUT / "docs").glob("*.md"):
        for path in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / path).exists(), (page.name, path)
