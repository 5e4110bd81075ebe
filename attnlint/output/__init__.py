"""The output formats, one module each.

A module of this package whose name does not begin with an underscore is a format; ``_`` in the name is ``-`` to the
user. It defines ``render(report, view)``, which yields the text to print piece by piece, and where counts make sense
``statistics(report, view)``, which yields how often each code was found instead. Adding a format is adding a module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING, cast

from attnlint.output._terminal import flowing, shown, visible, wants_color

if TYPE_CHECKING:
    from attnlint.runs import Report

__all__ = [
    "Lines",
    "Renderer",
    "View",
    "flowing",
    "formats",
    "renderer",
    "shown",
    "statistics",
    "visible",
    "wants_color",
]


Lines = Callable[[str, "int | None"], Sequence[str]]
"""Gives the lines of a source, with their ends, by its path and, in a notebook, the number of the cell; none where it
cannot be read."""


@dataclass(frozen=True)
class View:
    """What a format may use beside the report: the lines of sources, and whether colour is wanted; and whether it
    leaves out all but the findings."""

    lines: Lines
    color: bool = False
    quiet: bool = False


Renderer = Callable[["Report", View], Iterator[str]]


def formats() -> list[str]:
    """The names of all formats."""
    names = (module.name for module in iter_modules(__path__))
    return [name.replace("_", "-") for name in names if not name.startswith("_")]


def renderer(name: str) -> Renderer:
    """The ``render`` of the format called ``name``, imported when asked for."""
    return cast(Renderer, _module(name).render)


def statistics(name: str) -> Renderer | None:
    """The ``statistics`` of the format called ``name``, or None where it has none."""
    return cast("Renderer | None", getattr(_module(name), "statistics", None))


def _module(name: str) -> ModuleType:
    return import_module(f"{__name__}.{name.replace('-', '_')}")
