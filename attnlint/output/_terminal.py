"""Text as a terminal shows it: what must not reach it raw, how many columns it takes, and its colours."""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from typing import TextIO

import click

_COMMAND = re.compile(r"##(?=\[|vso\[)")
"""What GitHub and Azure take for the beginning of a command to them, anywhere in a line of the log of a job."""
_HARMLESS = frozenset("\u200c\u200d")
"""Joiners: part of emoji and of some scripts' words."""

_EMOJI_STYLE = "\ufe0f"
_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def visible(text: str) -> str:
    r"""The text with control and direction-changing characters as escapes (``\x1b``), so none reaches a terminal, nor
    what a CI server would take for a command."""
    safe = _COMMAND.sub(r"#\\x23", text) if "##" in text else text
    return safe if safe.isprintable() else "".join(map(_visible, safe))


def flowing(text: str) -> str:
    """Text of several lines as one, made visible."""
    return visible(" ".join(text.split()))


def shown(path: str) -> str:
    """A path as it is printed. Where CI reads the output of a job, a line that begins with ``::`` (GitHub) or ``##``
    (Azure), behind spaces or not, is a command to it, so a path that does is printed with ``./`` before it."""
    return visible(f".{os.sep}{path}" if path.lstrip().startswith(("::", "##")) else path)


def _visible(character: str) -> str:
    unsafe = unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and character not in _HARMLESS
    return character.encode("unicode_escape").decode("ascii") if unsafe else character


def width(text: str) -> int:
    """The columns that printable text takes: wide characters take two, marks and joined emoji none."""
    if text.isascii():
        return len(text)
    return sum(_width(previous, character) for previous, character in zip(("", *text), text, strict=False))


def _width(previous: str, character: str) -> int:
    if character == _EMOJI_STYLE:
        return 2 - _width("", previous) if previous else 0
    if previous == _JOINER or ord(character) in _SKIN_TONES:
        return 0
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


@dataclass(frozen=True)
class Ink:
    """Colours text where colour is wanted, and leaves it alone elsewhere."""

    color: bool

    def __call__(self, text: str, fg: str | None = None, bold: bool = False) -> str:
        """The text in a colour."""
        return click.style(text, fg=fg, bold=bold or None) if self.color else text


def wants_color(stream: TextIO) -> bool:
    """Whether to colour what goes to ``stream``: not where NO_COLOR is set; where FORCE_COLOR is, or on a terminal that
    can. A variable that is empty is not set."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")
