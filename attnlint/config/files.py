"""Configuration files: which there are, and what one says. Errors name file, line and key."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from attnlint.config.kinds import BadValue, Where
from attnlint.config.layers import Layer
from attnlint.config.places import MOST_PARTS, ConfigError, line_of, line_of_long_key, shown
from attnlint.config.settings import BY_KEY, hint
from attnlint.sources.read import contents

PYPROJECT = "pyproject.toml"
FILE_NAMES = (".attnlint.toml", "attnlint.toml", PYPROJECT)
"""The names of configuration files; of several in one folder, the first counts."""
SECTION = ("tool", "attnlint")
"""Where a pyproject.toml has its settings; the other files have them at the top."""
LARGEST = 1_000_000
"""The bytes that a configuration file may have: a bound on the time that a file which nobody wrote can take."""
_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")


def file_in(folder: str) -> str | None:
    """The configuration file of a folder, if it has one; a pyproject.toml counts where it has a section for it."""
    for name in FILE_NAMES:
        path = os.path.join(folder, name)
        if os.path.isfile(path) and (name != PYPROJECT or _has_section(path)):
            return path
    return None


def _has_section(path: str) -> bool:
    """Whether a pyproject.toml has settings; one that is broken has them if it speaks of them."""
    try:
        if b"attnlint" not in contents(path):
            return False
        return _section(path, _read(path)) is not None
    except OSError:
        return False
    except ConfigError:
        return b"tool.attnlint" in contents(path)


def layers_of(path: str, is_trusted: bool = False) -> list[Layer]:
    """What a file sets and what those set that it extends, the nearest last. Raises `ConfigError`."""
    layers: list[Layer] = []
    chain: list[str] = []
    extended: str | None = path
    while extended is not None:
        path = extended
        layer = _layer(path, is_trusted)
        layers.insert(0, layer)
        chain.append(os.path.realpath(path))
        extended = layer.values.get("extend")
        if extended is not None:
            _check_extended(path, extended, chain)
    return layers


def _check_extended(path: str, extended: str, chain: list[str]) -> None:
    reason = None
    if os.path.realpath(extended) in chain:
        reason = f"leads in a circle: {shown(extended)} builds on this file in turn"
    elif not extended.endswith(".toml"):
        reason = f"names {shown(extended)}, which is no .toml file"
    elif not os.path.isfile(extended):
        reason = f"names {shown(extended)}, and there is no such file"
    if reason is not None:
        raise _wrong(path, "extend", reason)


def _layer(path: str, is_trusted: bool) -> Layer:
    text = _read(path)
    values = _section(path, text)
    is_project = os.path.basename(path) == PYPROJECT
    if values is None:
        raise ConfigError(path, None, f"has no [{'.'.join(SECTION)}] section")
    if not isinstance(values, Mapping):
        raise ConfigError(path, line_of(text, SECTION, loads), f"{'.'.join(SECTION)} has to be a table")
    where = Where(os.path.realpath(os.path.dirname(path)), is_trusted)
    parsed: dict[str, Any] = {}
    for key in sorted(values, key=lambda key: key != "required-version"):  # what only another version knows is no error
        try:
            parsed[key] = parse(key, values[key], where)
        except BadValue as error:
            raise _wrong(path, key, str(error), error.inner) from None
    return Layer(shown(path), parsed, ".".join((*SECTION, "")) if is_project else "")


def parse(key: str, value: object, where: Where) -> Any:
    """The value of a key as the program uses it. Raises `BadValue` for a key that is none, too."""
    if key not in BY_KEY:
        raise BadValue(f"is no setting; {hint(key)}")
    return BY_KEY[key].parse(value, where)


def _wrong(path: str, key: str, reason: str, inner: str | None = None) -> ConfigError:
    """The error of a key, on its line or on that of the key of its table that is wrong."""
    place = (*SECTION, key) if os.path.basename(path) == PYPROJECT else (key,)
    text = _read(path)
    line = line_of(text, (*place, inner), loads) if inner is not None else None
    return ConfigError(path, line or line_of(text, place, loads), f"`{key}` {reason}")


def _section(path: str, text: str) -> object:
    """The settings of a file; None where a pyproject.toml has no section for them."""
    if (line := line_of_long_key(text)) is not None:
        raise ConfigError(path, line, f"has a key of more than {MOST_PARTS} parts; shorten it")
    try:
        found: object = loads(text)
    except RecursionError:
        raise ConfigError(path, None, "is nested too deeply") from None
    except ValueError as error:
        raise _syntax_error(path, text, str(error)) from None
    for key in SECTION if os.path.basename(path) == PYPROJECT else ():
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _syntax_error(path: str, text: str, reason: str) -> ConfigError:
    place = _PLACE.search(reason)
    if place is None:
        return ConfigError(path, None, f"is no valid TOML: {reason}")
    lines = text.rstrip("\n").split("\n")
    line, column = (int(place[1]), place[2]) if place[1] else (len(lines), str(len(lines[-1]) + 1))
    return ConfigError(path, line, f"column {column}: is no valid TOML: {reason[: place.start()]}")


def _read(path: str) -> str:
    try:
        data = contents(path)
        if len(data) > LARGEST:
            raise ConfigError(path, None, f"has more than {LARGEST:,} bytes; keep in it what is configuration alone")
        return io.TextIOWrapper(io.BytesIO(data), "utf-8-sig").read()
    except OSError as error:
        raise ConfigError(path, None, f"cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ConfigError(path, None, "is not written in UTF-8, as TOML has to be") from None


def loads(text: str) -> dict[str, Any]:
    """TOML as Python data."""
    parser = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    data: dict[str, Any] = parser.loads(text)
    return data


def upwards(folder: str) -> Iterator[str]:
    """A folder and those that it lies in."""
    yield folder
    while (parent := os.path.dirname(folder)) != folder:
        yield parent
        folder = parent
