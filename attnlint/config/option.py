"""How a setting is declared: one field of `attnlint.config.settings.Settings`, with all that is said about it."""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields
from typing import Any

from attnlint.config.kinds import Flag, Kind, Where

_KEY = "option"
_NOWHERE = Where("")


@dataclass(frozen=True)
class Option:
    """A setting: its key, what it may be, and how the values of several places come together.

    Of two places that set it, the nearer one counts: the command line before a file, a file before those it extends.
    """

    key: str
    group: str
    kind: Kind
    default: Any
    doc: str
    """Markdown; the first sentence is the summary."""
    example: Any = None
    """A value as TOML has it."""
    adds: bool = False
    """Whether values of all places count together, the nearest last."""
    replaces: tuple[str, ...] = ()
    """Other settings that begin anew where a nearer place sets this one."""
    opposes: tuple[str, ...] = ()
    """Other settings that no longer mean the codes that a nearer place names here."""
    of_run: bool = False
    """Whether it is about the whole run, and asked for the folder in which attnlint runs alone."""
    in_files_alone: bool = False
    """Whether it makes sense in a configuration file alone, not on the command line."""
    has_own_flag: bool = False
    """Whether the module that does what it says makes the option of the command line, too."""

    @property
    def name(self) -> str:
        """The name of its field."""
        return self.key.replace("-", "_")

    @property
    def summary(self) -> str:
        """The first sentence of its documentation, as plain text."""
        return self.doc.replace("`", "").partition(". ")[0].rstrip(".") + "."

    @property
    def makes_flag(self) -> bool:
        """Whether the command line has an option that is made from this."""
        return not (self.in_files_alone or self.has_own_flag)

    @property
    def is_flag(self) -> bool:
        """Whether it is true or false."""
        return isinstance(self.kind, Flag)

    def plain(self, value: Any) -> Any:
        """A value as JSON and TOML have it."""
        return None if value is None else self.kind.plain(value)

    def parse(self, value: object, where: Where = _NOWHERE) -> Any:
        """A value as the program uses it. Raises `attnlint.config.kinds.BadValue`."""
        return self.kind.parse(value, where)


def option(group: str, kind: Kind, default: Any, doc: str, **more: Any) -> Any:
    """Declare a field as a setting; ``more`` are further fields of `Option`."""
    return field(default=default, metadata={_KEY: {"group": group, "kind": kind, "doc": doc, **more}})


def options_of(settings: type[Any]) -> tuple[Option, ...]:
    """The settings that a class declares, in order."""
    return tuple(map(_option, fields(settings)))


def _option(declared: Field[Any]) -> Option:
    return Option(key=declared.name.replace("_", "-"), default=declared.default, **declared.metadata[_KEY])
