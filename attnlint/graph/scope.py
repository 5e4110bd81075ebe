"""Names in reach of one activation of a definition."""

from __future__ import annotations

from dataclasses import dataclass, field

from attnlint.graph.values import Frame, Value
from attnlint.syntax.outline import ClassOutline
from attnlint.syntax.parse import Slice


@dataclass(eq=False)
class Scope:
    """Local names, the enclosing scope of a nested function, and where the code being executed stands."""

    slice: Slice
    frame: Frame
    names: dict[str, Value] = field(default_factory=dict)
    parent: Scope | None = None
    receiver: Value | None = None
    """``self`` of the method, for ``super()``."""
    owner: ClassOutline | None = None
    """The class that the method stands in, for ``super()``."""
    outer: set[str] = field(default_factory=set)
    """Names that are declared ``nonlocal``."""
    returns: list[tuple[tuple[Value, ...], Value]] = field(default_factory=list)
    is_generator: bool = False

    def lookup(self, name: str) -> Value | None:
        """The value of a local or enclosing name, None for a global one."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None
