"""The extension for VS Code against the server: what it sends is understood. Its own tests are in editors/vscode."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from attnlint import __version__
from attnlint.config import Configuration
from attnlint.server.options import Options

CHECKOUT = Path(__file__).parent.parent
EXTENSION = CHECKOUT / "editors" / "vscode"
MANIFEST: dict[str, Any] = json.loads((EXTENSION / "package.json").read_text("utf-8"))
PROPERTIES: dict[str, dict[str, Any]] = MANIFEST["contributes"]["configuration"]["properties"]
OWN = {"path", "interpreter", "prose", "trace.server"}
"""Settings that the extension keeps to itself."""
VALUES = {
    "configuration": "attnlint.toml",
    "perFileIgnores": {"tests/": ["ATN402"]},
    "preview": True,
    "torchVersion": ">=2.1",
    "extendExclude": ["third_party/"],
}
"""A value for each setting that has none by default and takes no codes."""

NAMES = sorted(name.removeprefix("attnlint.") for name in PROPERTIES)
SENT = [name for name in NAMES if name not in OWN]


def test_settings_are_those_of_one_section() -> None:
    assert all(name.startswith("attnlint.") for name in PROPERTIES)
    assert set(NAMES) >= OWN


@pytest.mark.parametrize("name", SENT)
def test_the_server_takes_the_setting(name: str) -> None:
    declared = PROPERTIES[f"attnlint.{name}"]
    usual = declared["default"]
    values = declared.get("enum") or [VALUES.get(name, ["ATN1"]) if usual is None else usual]
    for value in (usual, *values):
        options = Options.of({name: value})
        assert options.complaints == ()
        Configuration(dict(options.settings))


def test_what_is_not_set_changes_nothing() -> None:
    assert Options.of({name: PROPERTIES[f"attnlint.{name}"]["default"] for name in SENT}) == Options()


def test_an_attnlint_of_today_is_not_too_old() -> None:
    oldest = re.search(r'OLDEST = "(.+)"', (EXTENSION / "src" / "versions.ts").read_text("utf-8"))
    assert oldest is not None
    assert Version(oldest[1]) <= Version(__version__)


def test_the_package_has_the_licence_of_the_project() -> None:
    assert (EXTENSION / "LICENSE").read_bytes() == (CHECKOUT / "LICENSE").read_bytes()


def test_the_own_settings_are_kept_back() -> None:
    own = re.search(r"OWN\b.* = new Set\(\[(.+)\]\)", (EXTENSION / "src" / "settings.ts").read_text("utf-8"))
    assert own is not None
    assert {name.strip(' "') for name in own[1].split(",")} == {name.partition(".")[0] for name in OWN}
