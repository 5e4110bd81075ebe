"""The language server with the real Helix, set up as docs/editors.md says, in a terminal that tmux draws."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from editors_page import block, environment
from test_documents import BUGGY

pytestmark = [
    pytest.mark.editors,
    pytest.mark.skipif(
        shutil.which("hx") is None or shutil.which("tmux") is None,
        reason="no Helix or no tmux here; .ci/editors installs them where the distribution has them",
    ),
]
PATIENCE = 30.0


class Terminal:
    """A terminal that nobody looks at."""

    def __init__(self, folder: Path, *command: str) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        size = ["-x", "160", "-y", "40"]
        env = environment(folder)
        subprocess.run([*self._tmux, "new-session", "-d", *size, "-c", str(folder), *command], env=env, check=True)

    @property
    def screen(self) -> str:
        """What stands there."""
        return subprocess.run([*self._tmux, "capture-pane", "-p"], capture_output=True, text=True, check=True).stdout

    def press(self, *keys: str) -> None:
        """Press keys."""
        subprocess.run([*self._tmux, "send-keys", *keys], check=True)

    def wait(self, *texts: str) -> None:
        """Wait until all of these stand there."""
        end = time.monotonic() + PATIENCE
        while not all(text in self.screen for text in texts):
            assert time.monotonic() < end, f"{texts} never came:\n{self.screen}"
            time.sleep(0.1)

    def close(self) -> None:
        """End all that runs in it."""
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    settings = tmp_path / ".config" / "helix"
    settings.mkdir(parents=True)
    (settings / "languages.toml").write_text(block("Helix", "toml"), "utf-8")
    (tmp_path / "model.py").write_text(BUGGY.replace("    scores.masked", "    '🤗'; scores.masked"), "utf-8")
    opened = Terminal(tmp_path, "hx", "model.py")
    yield opened
    opened.close()


def test_diagnostics_and_a_code_action(tmp_path: Path, terminal: Terminal) -> None:
    terminal.wait("● 1 ● 1")
    terminal.press("Space", "d")
    terminal.wait("ERROR", "ATN204", "WARN", "ATN101")
    terminal.press("Escape")
    terminal.press(":", "6", "Enter", "]", "d")
    terminal.wait("the mask is never applied", "(ATN204)")
    terminal.press("Space", "a")
    terminal.wait("Unsafe fix: Assign the result back", "Suppress ATN204 on this line")
    terminal.press("Enter")
    terminal.wait("'🤗'; scores = scores.masked_fill")
    terminal.press(":", "w", "Enter")
    terminal.wait("model.py' written")
    fixed = BUGGY.replace("    scores.masked", "    '🤗'; scores = scores.masked")
    assert (tmp_path / "model.py").read_text("utf-8") == fixed
    terminal.press("Space", "d")
    terminal.wait("1/1", "ATN101")
