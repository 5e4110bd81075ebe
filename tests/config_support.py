"""What the tests of configuration share: code with findings, and the command line in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from attnlint import cli

UNSAFE = """\
import torch


def attend(q, k, v, mask):
    scores = q @ k.transpose(-2, -1) / k.size(-1) ** 0.5
    scores.masked_fill(mask == 0, float("-inf"))
    return torch.softmax(scores, dim=-1) @ v


def attend_all(q, k, v):
    scores = q @ k.transpose(-2, -1)
    return torch.softmax(scores, dim=-1) @ v
"""
"""Two findings with unsafe fixes: ATN204 and ATN101."""
SAFE = """\
import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, p=0.1):
        super().__init__()
        self.p = p

    def forward(self, q, k, v):
        return F.scaled_dot_product_attention(q, k, v, dropout_p=self.p)
"""
"""One finding with a safe fix: ATN402."""


@dataclass(frozen=True)
class Result:
    """What a run of the command line says, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def places(self) -> list[str]:
        """``path: CODE`` of each finding in the concise format."""
        lines = (line.split(" ", 2) for line in self.out.splitlines())
        return [f"{place.split(':')[0]}: {code}" for place, code, _ in lines]


Run = Callable[..., Result]


@pytest.fixture
def attnlint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """The command line, in a folder with ``unsafe.py`` and ``safe.py``."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    write({"unsafe.py": UNSAFE, "safe.py": SAFE})

    def run(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["attnlint", *arguments])
        capfd.readouterr()
        status = cli.main()
        output = capfd.readouterr()
        return Result(status, output.out, output.err)

    return run


def write(files: dict[str, str]) -> None:
    """Write files, with their folders."""
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, "utf-8")


def project(settings: str) -> None:
    """Write the settings of a pyproject.toml."""
    write({"pyproject.toml": f'[project]\nname = "x"\n\n[tool.attnlint]\n{settings}\n'})
