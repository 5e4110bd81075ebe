"""Which axis is which: where every axis of a tensor came from, followed through what moves and regroups axes."""

from __future__ import annotations

from attnlint.graph.domains import Ask
from attnlint.graph.layouts import handlers
from attnlint.graph.layouts.atoms import Atom, Axis, Layout, extent, is_features, is_position
from attnlint.graph.layouts.handlers import crossing
from attnlint.graph.layouts.registry import LAYOUTS
from attnlint.graph.layouts.regroup import Crossing, Regrouped, regroup
from attnlint.graph.layouts.source import source
from attnlint.graph.values import Value

__all__ = [
    "Atom", "Axis", "Crossing", "Layout", "Regrouped", "crossing", "extent", "handlers", "is_features", "is_position",
    "layout", "regroup",
]  # fmt: skip


def layout(value: Value, ask: Ask) -> Layout | None:
    """The layout of a tensor; for one of which nothing else is known, its own axes are where all begins."""
    return LAYOUTS(value, ask) or source(value, ask)
