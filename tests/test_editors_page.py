"""What docs/editors.md tells people to write is what their editors, and the server, understand."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from editors_page import PAGE, block, blocks

from attnlint.config.files import loads
from attnlint.server.options import Options

SETTINGS: dict[str, dict[str, Any]] = {
    "Helix": loads(block("Helix", "toml"))["language-server"]["attnlint"]["config"],
    "PyCharm": json.loads(block("PyCharm", "json")),
}


@pytest.mark.parametrize("given", SETTINGS.values(), ids=SETTINGS)
def test_settings_are_understood(given: dict[str, Any]) -> None:
    options = Options.of(given)
    assert options.complaints == ()
    assert options.settings == {"ignore": ["ATN402"]}


def test_helix_starts_the_server_for_python() -> None:
    said = loads(block("Helix", "toml"))
    server = said["language-server"]["attnlint"]
    assert [server["command"], *server["args"]] == ["attnlint", "server"]
    assert [each["name"] for each in said["language"] if "attnlint" in each["language-servers"]] == ["python"]


def test_sublime_text_fixes_with_the_action_of_the_server() -> None:
    said = json.loads(block("Sublime Text", "json"))
    assert said["clients"]["attnlint"]["command"] == ["attnlint", "server"]
    assert said["lsp_code_actions_on_save"] == {"source.fixAll.attnlint": True}
    dotted = said["clients"]["attnlint"]["settings"]
    section = {key.removeprefix("attnlint."): value for key, value in dotted.items()}
    assert Options.of({"attnlint": section}).complaints == ()


def test_settings_in_the_table_are_settings() -> None:
    named = re.findall(r"^\| `(\w+)` \| `(.+?)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert [name for name, _ in named] == ["enable", "run", "configuration", "showSyntaxErrors"]
    given = {name: json.loads(value) for name, value in named}
    assert Options.of(given) == Options()


def test_lisp_closes_what_it_opens() -> None:
    for language, code in blocks("Emacs"):
        assert language == "elisp"
        assert code.count("(") == code.count(")")
