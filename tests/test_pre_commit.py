"""The hooks, in the real pre-commit: it clones the checkout, makes an environment for it, and runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from checkout import CHECKOUT, clone, git, repository
from config_support import SAFE
from test_cli import BUGGY, CLEAN
from test_cli_fixes import SAFELY_FIXED

HOOKS = yaml.safe_load((CHECKOUT / ".pre-commit-hooks.yaml").read_text("utf-8"))
CONFIG = """\
repos:
  - repo: {release}
    rev: {commit}
    hooks:
      - id: {hook}
{args}"""

PreCommit = Callable[..., subprocess.CompletedProcess[str]]


def run(*arguments: str, cwd: Path, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTHON"))}
    environment |= {"PRE_COMMIT_HOME": str(home), "PRE_COMMIT_COLOR": "never", "GIT_CONFIG_GLOBAL": os.devnull}
    command = [sys.executable, "-m", "pre_commit", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_the_manifest_is_one(tmp_path: Path) -> None:
    done = run("validate-manifest", str(CHECKOUT / ".pre-commit-hooks.yaml"), cwd=tmp_path, home=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert [hook["id"] for hook in HOOKS] == ["attnlint", "attnlint-fix"]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_its_commands_exist(hook: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "clean.py").write_text(CLEAN, "utf-8")
    entry = str(hook["entry"]).split()
    command = [sys.executable, "-m", *entry, "clean.py"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A repository that holds the checkout, and its commit."""
    folder = clone(tmp_path_factory.mktemp("release") / "attnlint")
    return folder, repository(folder)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps the environments that it made."""
    return tmp_path_factory.mktemp("pre-commit")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Somebody's repository, with a bug in it."""
    (tmp_path / "model.py").write_text(SAFE, "utf-8")
    (tmp_path / "clean.py").write_text(CLEAN, "utf-8")
    (tmp_path / "notes.txt").write_text(BUGGY, "utf-8")
    repository(tmp_path)
    return tmp_path


@pytest.fixture
def pre_commit(release: tuple[Path, str], home: Path, project: Path) -> PreCommit:
    def ran(hook: str, *args: str) -> subprocess.CompletedProcess[str]:
        listed = f"        args: [{', '.join(args)}]\n" if args else ""
        config = CONFIG.format(release=release[0], commit=release[1], hook=hook, args=listed)
        (project / ".pre-commit-config.yaml").write_text(config, "utf-8")
        git("add", "--all", cwd=project)
        return run("run", "--all-files", cwd=project, home=home)

    return ran


@pytest.mark.slow
def test_a_bug_fails_the_commit_and_is_printed(pre_commit: PreCommit) -> None:
    done = pre_commit("attnlint")
    assert done.returncode == 1
    assert "- exit code: 1" in done.stdout
    assert "files were modified" not in done.stdout
    assert "model.py:11:" in done.stdout
    assert "ATN402" in done.stdout
    assert "notes.txt" not in done.stdout


@pytest.mark.slow
def test_arguments_are_added(pre_commit: PreCommit) -> None:
    assert pre_commit("attnlint", "--ignore=ATN402").returncode == 0
    assert "model.py:11:" in pre_commit("attnlint", "--select=ATN402", "--output-format=concise").stdout


@pytest.mark.slow
def test_the_fixing_hook_fixes_fails_and_passes_once_the_fix_is_staged(pre_commit: PreCommit, project: Path) -> None:
    done = pre_commit("attnlint-fix")
    assert done.returncode == 1
    assert "- files were modified by this hook" in done.stdout
    assert "model.py: 1 × ATN402 dropout-in-eval" in done.stdout
    assert (project / "model.py").read_text("utf-8") == SAFELY_FIXED
    done = pre_commit("attnlint-fix")
    assert done.returncode == 0, done.stdout
    assert "Passed" in done.stdout


@pytest.mark.slow
def test_the_fixing_hook_leaves_what_changes_numbers_unless_it_is_told(pre_commit: PreCommit, project: Path) -> None:
    (project / "model.py").write_text(BUGGY, "utf-8")
    done = pre_commit("attnlint-fix")
    assert (done.returncode, (project / "model.py").read_text("utf-8")) == (1, BUGGY)
    assert "ATN204" in done.stdout
    assert pre_commit("attnlint-fix", "--unsafe-fixes").returncode == 1
    assert (project / "model.py").read_text("utf-8") != BUGGY
    assert pre_commit("attnlint-fix", "--unsafe-fixes").returncode == 0
