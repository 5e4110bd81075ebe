"""What settings can be: how the value of each kind is read, said in JSON, and described to people and editors.

A value comes from TOML, or from the command line, which gives texts, lists of texts and flags.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from attnlint.sources.globbing import patterns_of
from attnlint.sources.scope import Glob
from attnlint.torch_versions import TorchVersions

Schema = dict[str, Any]
Json = Any


class BadValue(ValueError):
    """A value that a setting cannot have; the text says what it has to be, ``inner`` under which key of a table."""

    def __init__(self, text: str, inner: str | None = None) -> None:
        super().__init__(text)
        self.inner = inner


@dataclass(frozen=True)
class Where:
    """Where a value is written: what its relative paths start from, and whether they may lead out of there."""

    folder: str
    is_trusted: bool = True
    """Whether the person who runs attnlint chose the value, and not whoever wrote the code that is linted."""


class Kind(Protocol):
    """A kind of value."""

    @property
    def described(self) -> str:
        """What is to be written, in words."""

    def parse(self, value: object, where: Where) -> Any:
        """The value as the program uses it, which can be hashed. Raises `BadValue`."""

    def plain(self, value: Any) -> Json:
        """The value as JSON and TOML have it."""

    def schema(self) -> Schema:
        """What is allowed, as JSON schema."""


@dataclass(frozen=True)
class Flag:
    """True or false."""

    described = "true or false"

    def parse(self, value: object, where: Where) -> bool:
        """The truth value itself."""
        if not isinstance(value, bool):
            raise BadValue(f"has to be {self.described}, not {_said(value)}")
        return value

    def plain(self, value: bool) -> Json:
        """The truth value itself."""
        return value

    def schema(self) -> Schema:
        """A boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True)
class OneOf:
    """One of some names, which are asked for when they are needed."""

    names: Callable[[], Sequence[str]]

    @property
    def described(self) -> str:
        """The names."""
        return "one of " + ", ".join(f'"{name}"' for name in self.names())

    def parse(self, value: object, where: Where) -> str:
        """One of the names as it is."""
        if value not in self.names():
            raise BadValue(f"has to be {self.described}, not {_said(value)}")
        return str(value)

    def plain(self, value: str) -> Json:
        """The name."""
        return value

    def schema(self) -> Schema:
        """The names."""
        return {"type": "string", "enum": list(self.names())}


@dataclass(frozen=True)
class CodeList:
    """Codes, beginnings of codes and names of rules, all of which have to mean something."""

    may_be_removed: bool = False
    """Whether codes of rules that are gone are passed over with a warning."""
    described = "a list of codes, their beginnings, or names of rules"

    def parse(self, value: object, where: Where) -> tuple[str, ...]:
        """The selectors as they are written."""
        chosen = _texts(value, self.described)
        for selector in chosen:
            _check_code(selector, self.may_be_removed)
        return chosen

    def plain(self, value: tuple[str, ...]) -> Json:
        """The selectors."""
        return list(value)

    def schema(self) -> Schema:
        """An array of selectors."""
        return {"type": "array", "items": {"$ref": "#/definitions/selector"}}


@dataclass(frozen=True)
class GlobList:
    """Patterns of files and folders, as in .gitignore files."""

    described = "a list of patterns"

    def parse(self, value: object, where: Where) -> tuple[Glob, ...]:
        """The patterns with the folder that they are relative to."""
        return tuple(_glob(text, where) for text in _texts(value, self.described))

    def plain(self, value: tuple[Glob, ...]) -> Json:
        """The patterns without their folder."""
        return [glob.pattern for glob in value]

    def schema(self) -> Schema:
        """An array of patterns."""
        return {"type": "array", "items": {"type": "string", "minLength": 1}}


Ignored = tuple[tuple[Glob, tuple[str, ...]], ...]
"""Patterns of files, each with what is not reported in them."""


@dataclass(frozen=True)
class CodesByGlob:
    """A table from patterns of files to codes; ``!`` before a pattern means all other files."""

    codes = CodeList(may_be_removed=True)
    described = "a table from patterns to lists of codes"

    def parse(self, value: object, where: Where) -> Ignored:
        """Pairs of pattern and selectors. The command line writes ``PATTERN:CODE``."""
        if isinstance(value, Mapping):
            pairs = list(value.items())
        elif isinstance(value, (list, tuple)):
            pairs = [(glob, [code]) for glob, code in map(_pair, value)]
        else:
            raise BadValue(f"has to be {self.described}, not {_said(value)}")
        return tuple((self._glob(glob, where), self._codes(glob, codes, where)) for glob, codes in pairs)

    def _glob(self, text: str, where: Where) -> Glob:
        glob = _glob(text.removeprefix("!"), where)
        return Glob(text, glob.root)

    def _codes(self, glob: str, codes: object, where: Where) -> tuple[str, ...]:
        try:
            return self.codes.parse(codes, where)
        except BadValue as error:
            raise BadValue(f'for "{glob}" {error}', inner=glob) from None

    def plain(self, value: Ignored) -> Json:
        """A table from patterns to selectors."""
        table: dict[str, list[str]] = {}
        for glob, codes in value:
            table.setdefault(glob.pattern, []).extend(codes)
        return table

    def schema(self) -> Schema:
        """An object of arrays of selectors."""
        return {"type": "object", "additionalProperties": self.codes.schema()}


@dataclass(frozen=True)
class FilePath:
    """The path of a file or folder, relative to the configuration file."""

    may_lead_out: bool = False
    """Whether it may lead out of the folder of a configuration file that nobody chose: only for what is read."""
    described = "a path"

    def parse(self, value: object, where: Where) -> str:
        """The absolute path."""
        text = _text(value, self.described)
        if "\0" in text:
            raise BadValue("has to be a path, and has a null character")
        path = os.path.abspath(os.path.join(where.folder, os.path.expanduser(text)))
        if not (self.may_lead_out or where.is_trusted or _is_inside(path, where.folder)):
            raise BadValue(f"has to lie in the folder of the configuration file, and {_said(text)} leads out of it")
        return path

    def plain(self, value: str | None) -> Json:
        """The absolute path."""
        return value

    def schema(self) -> Schema:
        """A string."""
        return {"type": "string", "minLength": 1}


def _is_inside(path: str, folder: str) -> bool:
    """Whether a path lies in a folder, wherever links lead."""
    return os.path.realpath(path).startswith(os.path.join(os.path.realpath(folder), ""))


@dataclass(frozen=True)
class TorchRange:
    """Releases of torch."""

    described = "a version or a version specifier"

    def parse(self, value: object, where: Where) -> TorchVersions:
        """The releases."""
        text = _text(value, self.described)
        try:
            return TorchVersions.parse(text)
        except ValueError as error:
            raise BadValue(f"cannot be used: {error}") from None

    def plain(self, value: TorchVersions) -> Json:
        """The specifier, or nothing."""
        return value.specifier or None

    def schema(self) -> Schema:
        """A string."""
        return {"type": "string", "minLength": 1}


_LONGEST = 1_000_000
"""Seconds: what is more is a mistake, or meant to be no limit."""


@dataclass(frozen=True)
class Seconds:
    """A time, 0 for no end of it."""

    described = "a number of seconds, 0 for no limit"

    def parse(self, value: object, where: Where) -> float:
        """The seconds."""
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _LONGEST:
            raise BadValue(f"has to be {self.described}, not {_said(value)}")
        return value

    def plain(self, value: float) -> Json:
        """The number."""
        return value

    def schema(self) -> Schema:
        """A number."""
        return {"type": "number", "minimum": 0, "maximum": _LONGEST}


@dataclass(frozen=True)
class OwnVersion:
    """The releases of attnlint itself that are asked for."""

    described = "a version specifier"

    def parse(self, value: object, where: Where) -> str:
        """The specifier, which this attnlint satisfies."""
        from packaging.specifiers import SpecifierSet

        from attnlint import __version__

        text = _text(value, self.described)
        try:
            wanted = SpecifierSet(f"=={text}" if text[:1].isdigit() else text)
            is_met = wanted.contains(__version__, prereleases=True)
        except ValueError:  # it is none, or has a number of more digits than Python reads
            raise BadValue(f'is no version specifier: {_said(text)}; write one such as ">=0.1"') from None
        if not is_met:
            raise BadValue(f"asks for attnlint {_short(text)}, and this is attnlint {__version__}")
        return text

    def plain(self, value: str | None) -> Json:
        """The specifier, or nothing."""
        return value

    def schema(self) -> Schema:
        """A string."""
        return {"type": "string", "minLength": 1}


def _pair(text: object) -> tuple[str, str]:
    glob, colon, code = str(text).rpartition(":")
    if not colon:
        raise BadValue(f"has to be a table, or PATTERN:CODE on the command line, not {_said(text)}")
    return glob, code


def _glob(text: str, where: Where) -> Glob:
    glob = Glob(text, where.folder)
    if not patterns_of(text):
        raise BadValue(f"{_said(text)} is no pattern")
    if not text.strip():
        raise BadValue("has an empty pattern")
    return glob


def _check_code(selector: str, may_be_removed: bool) -> None:
    from attnlint import codes
    from attnlint.rule import discover

    try:
        codes.resolve(discover().values(), selector)
    except codes.UnknownCode as error:
        if not (error.is_removed and may_be_removed):
            raise BadValue(f"names {selector!r}, which is no rule; {error.hint}") from None


def _text(value: object, described: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadValue(f"has to be {described}, not {_said(value)}")
    return value.strip()


def _texts(value: object, described: str) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise BadValue(f"has to be {described}, not {_said(value)}")
    for one in value:
        if not isinstance(one, str):
            raise BadValue(f"has to be {described}, and {_said(one)} is in it")
    return tuple(value)


_KINDS = {bool: "true or false", int: "a number", float: "a number", dict: "a table", list: "a list"}


def _said(value: object) -> str:
    """A value that somebody wrote, in a few characters."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        return _KINDS[type(value)]
    return _short(f'"{value}"' if isinstance(value, str) else str(value))


def _short(said: str) -> str:
    return said if len(said) <= 60 else f"{said[:57]}…"
