"""What a client sets: how the server behaves, and settings that count before those of configuration files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from attnlint.config.settings import BY_KEY

SECTION = "attnlint"
_OF_CLIENTS = frozenset({"path", "interpreter", "trace", "server", "importStrategy", "args", "cwd"})
"""What editors keep in the same section for themselves."""
_CAPITAL = re.compile(r"(?<!^)[A-Z]")


@dataclass(frozen=True)
class Options:
    """How documents of one folder are treated.

    ``settings`` are as TOML has them, by key; ``complaints`` tell what in the given ones could not be used.
    """

    enable: bool = True
    run: Literal["onType", "onSave"] = "onType"
    configuration: str | None = None
    """The one configuration file, in place of the nearest; a relative path starts at the folder."""
    show_syntax_errors: bool = True
    settings: Mapping[str, object] = field(default_factory=dict)
    complaints: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: object) -> Options:
        """Options from what a client sent; what it leaves at null is as if it were not there."""
        section = _section(given)
        own: dict[str, Any] = {}
        settings: dict[str, object] = {}
        complaints = []
        for key, value in section.items():
            name = _CAPITAL.sub(lambda letter: f"-{letter.group().lower()}", key)
            if value is None or key in _OF_CLIENTS:
                continue
            if name in _KINDS:
                if _KINDS[name](value):
                    own[name.replace("-", "_")] = value
                else:
                    complaints.append(f"{SECTION}.{key} cannot be {value!r}")
            elif name in BY_KEY:
                settings[name] = value
            else:
                complaints.append(f"{SECTION}.{key} is no setting")
        return cls(**own, settings=settings, complaints=tuple(complaints))


_KINDS = {
    "enable": lambda value: isinstance(value, bool),
    "run": lambda value: value in ("onType", "onSave"),
    "configuration": lambda value: isinstance(value, str),
    "show-syntax-errors": lambda value: isinstance(value, bool),
}


def _section(given: object) -> dict[str, object]:
    """The settings themselves, which clients wrap in their own ways: ``{"attnlint": …}``, ``{"settings": …}``."""
    for wrapper in _wrappers(given):
        given = wrapper
    return {str(key): value for key, value in given.items()} if isinstance(given, Mapping) else {}


def _wrappers(given: object) -> Iterator[object]:
    for key in ("initializationOptions", "settings", SECTION):
        if isinstance(given, Mapping) and isinstance(given.get(key), Mapping):
            given = given[key]
            yield given
