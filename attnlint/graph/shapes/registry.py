"""Handlers of the shape domain, by class of value."""

from __future__ import annotations

from attnlint.graph.domains import Handlers
from attnlint.graph.shapes.tensor_shape import TensorShape

SHAPES: Handlers[TensorShape] = Handlers()
