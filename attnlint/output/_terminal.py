"""Text as a terminal shows it: what must not reach it raw, how many columns it takes, and its colours."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from typing import TextIO

import click

_HARMLESS = frozenset("\u200c\u200d")
"""Joiners: part of emoji and of some scripts' words."""

_EMOJI_STYLE = "\ufe0f"
_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def visible(text: str) -> str:
    r"""The text with control and direction-changing characters as escapes (``\x1b``), so none reaches a terminal."""
    return text if text.isprintable() else "".join(map(_visible, text))


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
    """Whether to colour what goes to ``stream``: on a terminal that can, unless NO_COLOR is set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
