"""Handlers of the layout domain, by class of value."""

from __future__ import annotations

from attnlint.graph.domains import Handlers
from attnlint.graph.layouts.atoms import Layout

LAYOUTS: Handlers[Layout] = Handlers()
