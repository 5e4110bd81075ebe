"""The checkout that the tests stand in, and copies of it as a release would be."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
_LEFT_BEHIND = ("__pycache__", "*.egg-info", "build", "dist", ".git", ".venv", ".hypothesis", ".*_cache")
_IDENTITY = {
    "GIT_AUTHOR_NAME": "Someone",
    "GIT_AUTHOR_EMAIL": "someone@example.com",
    "GIT_COMMITTER_NAME": "Someone",
    "GIT_COMMITTER_EMAIL": "someone@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def git(*arguments: str, cwd: Path) -> str:
    """Run git as nobody in particular, untouched by the configuration of whoever runs the tests."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | _IDENTITY
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def repository(folder: Path) -> str:
    """Make a git repository of all that a folder holds; returns its commit."""
    git("init", "--quiet", "--initial-branch=main", cwd=folder)
    git("add", "--all", cwd=folder)
    git("commit", "--quiet", "--message=All of it", cwd=folder)
    return git("rev-parse", "HEAD", cwd=folder)


def clone(folder: Path) -> Path:
    """A copy of the checkout as it is now, without what earlier builds left in it."""
    return Path(shutil.copytree(CHECKOUT, folder, ignore=shutil.ignore_patterns(*_LEFT_BEHIND)))
