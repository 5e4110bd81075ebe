"""What the findings in a source depend on, as a key: its bytes and kind, what is looked for, and the code that looks.

No rule is imported for it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, entry_points, version
from importlib.util import find_spec

from attnlint.config import ConfigError, Configuration
from attnlint.rule import ENTRY_POINT_GROUP

_DEPENDENCIES = ("libcst", "markdown-it-py", "packaging")


@dataclass
class Keys:
    """The keys of sources under one configuration. It can be sent to another process."""

    config: Configuration
    code: bytes
    """What the code that looks is known by: see `code`."""
    _known: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def of(self, path: str, data: bytes) -> bytes | None:
        """The key of a source; None where its settings cannot be used."""
        try:
            asked = (self.config.identity(path), os.path.splitext(path)[1])
        except ConfigError:
            return None
        if asked not in self._known:
            self._known[asked] = _digest(self.code, *asked)
        return blake2b(data, key=self._known[asked], digest_size=16).digest()


@cache
def code() -> bytes | None:
    """What the code that finds is known by: its files, those of the packages that rules of others are part of, and the
    versions of what it stands on. None where that cannot be told."""
    try:
        told: list[str | bytes] = [sys.version, *(f"{name} {version(name)}" for name in _DEPENDENCIES)]
        told.extend(_files(os.path.dirname(__file__)))
        for point in entry_points(group=ENTRY_POINT_GROUP):
            told.append(f"{point.value} {point.dist.version if point.dist is not None else ''}")
            package = point.module.partition(".")[0]
            told.extend(_module(point.module if package == __name__.partition(".")[0] else package))
    except (Exception, SystemExit):  # whatever the packages of others do when they are imported
        return None
    return _digest(*told)


def _module(name: str) -> Iterator[str | bytes]:
    """The files of a module, or of a package."""
    spec = find_spec(name)
    if spec is None:
        raise PackageNotFoundError(name)
    if spec.submodule_search_locations is None:
        assert spec.origin is not None
        yield _content(spec.origin)
    for folder in spec.submodule_search_locations or ():
        yield from _files(folder)


def _files(folder: str) -> Iterator[str | bytes]:
    """The names of the Python files in a folder and below, and what is in them."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.endswith(".py"):
                yield from (entry.name, _content(entry.path))
            elif entry.is_dir() and entry.name != "__pycache__":
                yield entry.name
                yield from _files(entry.path)


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _digest(*told: str | bytes) -> bytes:
    digest = blake2b(digest_size=32)
    for one in told:
        data = one if isinstance(one, bytes) else one.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.digest()
