"""The output formats, one module each.

A module of this package whose name does not begin with an underscore is a format of that name. It defines
``render(report, view)``, which yields the text to print piece by piece. Adding a format is adding a module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Protocol, cast

from attnlint.output._terminal import visible, wants_color

if TYPE_CHECKING:
    from attnlint.linter import Report

__all__ = ["Renderer", "View", "formats", "renderer", "visible", "wants_color"]


class Lines(Protocol):
    """Gives the lines of a source by its path and, in a notebook, the number of the cell; none if it cannot be read."""

    def __call__(self, path: str, cell: int | None = None, /) -> Sequence[str]:
        """The lines, with their ends."""


@dataclass(frozen=True)
class View:
    """What a format may use beside the report: the lines of a source by its path, and whether colour is wanted."""

    lines: Lines
    color: bool = False


Renderer = Callable[["Report", View], Iterator[str]]


def formats() -> list[str]:
    """The names of all formats."""
    return [module.name for module in iter_modules(__path__) if not module.name.startswith("_")]


def renderer(name: str) -> Renderer:
    """The ``render`` of the format called ``name``, imported when asked for."""
    return cast(Renderer, import_module(f"{__name__}.{name}").render)
