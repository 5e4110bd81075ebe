"""What docs/editors.md tells people to write into the files of their editors, and an environment to try it in."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "editors.md"
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


def blocks(heading: str) -> list[tuple[str, str]]:
    """The fenced blocks of a section, each with its language."""
    text = PAGE.read_text("utf-8")
    headings = list(_HEADING.finditer(text))
    (place,) = (number for number, one in enumerate(headings) if one[1] == heading)
    end = headings[place + 1].start() if place + 1 < len(headings) else len(text)
    section = text[headings[place].end() : end]
    return re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


def block(heading: str, language: str, number: int = 0) -> str:
    """One of those of a language."""
    return [code for kind, code in blocks(heading) if kind == language][number]


def environment(home: Path) -> dict[str, str]:
    """The environment of somebody who lives in a folder and has attnlint on the PATH."""
    programs = home / "bin"
    programs.mkdir()
    command = programs / "attnlint"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m attnlint "$@"\n', "utf-8")
    command.chmod(0o755)
    path = os.pathsep.join([str(programs), os.environ.get("PATH", ""), "/usr/bin", "/bin"])
    return {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "TERM": "xterm-256color"}
