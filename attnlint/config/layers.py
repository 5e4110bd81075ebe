"""One place that sets settings after the other, and what comes of them all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from attnlint import codes
from attnlint.config.option import Option
from attnlint.config.settings import BY_KEY, OPTIONS, Settings
from attnlint.rule import installed

DEFAULT = "default"


@dataclass(frozen=True)
class Layer:
    """The settings that one place sets: a file or the command line."""

    source: str
    """How the place is called to people."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What is set, by key, as the program uses it."""
    section: str = ""
    """What stands before the keys: ``tool.attnlint.`` in a pyproject.toml."""

    def origin(self, key: str) -> str:
        """Where a key is set, to people."""
        return f"{self.source}: {self.section}{key}"


@dataclass(frozen=True)
class Resolved:
    """What comes of the places together, and the places that each setting comes from, by key."""

    settings: Settings = field(default_factory=Settings)
    origins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def origin(self, key: str) -> str:
        """Where a setting comes from, to people."""
        return ", ".join(self.origins.get(key, ())) or DEFAULT


def merged(layers: Sequence[Layer]) -> Resolved:
    """The settings that places make together, the nearest last."""
    values: dict[str, Any] = {}
    origins: dict[str, tuple[str, ...]] = {}
    for layer in layers:
        for key in [key for one in layer.values for key in BY_KEY[one].replaces]:
            values.pop(key, None)
            origins.pop(key, None)
        for option in OPTIONS:
            if option.key in layer.values:
                _withdraw(values, option, layer)
        for key, value in layer.values.items():
            before = values.get(key) or ()
            values[key] = (*before, *value) if BY_KEY[key].adds else value
            kept = origins.get(key, ()) if BY_KEY[key].adds and before else ()
            origins[key] = (*kept, layer.origin(key))
    return Resolved(Settings(**{BY_KEY[key].name: value for key, value in values.items()}), origins)


def _withdraw(values: dict[str, Any], option: Option, layer: Layer) -> None:
    """Take out of farther places the codes about which this one says the opposite."""
    for key in option.opposes:
        if values.get(key):
            now = [_meant([selector]) for selector in layer.values[option.key]]
            values[key] = tuple(old for old in values[key] if not any(_meant([old]) <= one for one in now))


def _meant(selectors: Iterable[str]) -> set[str]:
    known = installed().rules.values()
    return {rule.code for selector in selectors for rule in codes.meant(known, selector)}
