"""Handlers of the shape domain, by class of value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from attnlint.graph.domains import Ask
from attnlint.graph.shapes.tensor_shape import TensorShape
from attnlint.graph.values import Value

Handler: TypeAlias = Callable[[Any, Ask], "TensorShape | None"]
HANDLERS: dict[type[Value], Handler] = {}


def shape_of(*kinds: type[Value]) -> Callable[[Handler], Handler]:
    """The decorated function gives the shape of these values."""

    def register(handler: Handler) -> Handler:
        for kind in kinds:
            HANDLERS[kind] = handler
        return handler

    return register
