"""Other linters, each in an environment of its own, which is made once and kept."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


class NotInstalled(Exception):
    """An environment could not be made."""


@dataclass(frozen=True)
class Peer:
    """Another linter, as it is run without options that anybody would have to know of."""

    name: str
    packages: tuple[str, ...]
    """What is installed; the versions of these are told."""
    module: str
    """What ``python -m`` runs."""
    arguments: tuple[str, ...]
    """What stands before the folder: no configuration and no cache but its own defaults."""

    def command(self, python: Path, folder: Path) -> list[str]:
        """The command that lints a folder."""
        return [str(python), "-m", self.module, *self.arguments, str(folder)]


PEERS = (
    Peer("ruff", ("ruff",), "ruff", ("check", "--no-cache", "--isolated", "--quiet")),
    Peer("flake8 + bugbear", ("flake8", "flake8-bugbear"), "flake8", ("--isolated",)),
    Peer("Fixit", ("fixit",), "fixit", ("--quiet", "lint")),
    Peer("TorchFix", ("torchfix",), "torchfix", ()),
)
"""The quickest first."""


def environment(peer: Peer, environments: Path, tell: Callable[[str], None]) -> Path:
    """The interpreter of a peer's environment, which is made where there is none. Raises `NotInstalled`."""
    folder = environments / peer.module / f"py{sys.version_info.major}{sys.version_info.minor}"
    python, done = folder / "bin" / "python", folder / "installed"
    if not done.exists():
        tell(f"installing {', '.join(peer.packages)} into {folder}")
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *peer.packages]
        result = subprocess.run(pip, capture_output=True, text=True, check=False)
        if result.returncode:
            raise NotInstalled((result.stderr.strip().splitlines() or ["pip failed"])[-1])
        done.touch()
    return python


def versions(python: Path, packages: Sequence[str]) -> str:
    """The versions of packages that an interpreter has."""
    code = "import sys; from importlib.metadata import version; print(', '.join(map(version, sys.argv[1:])))"
    return subprocess.run(
        [str(python), "-c", code, *packages], capture_output=True, text=True, check=True
    ).stdout.strip()
