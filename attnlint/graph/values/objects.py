"""Python objects: containers, functions, classes and modules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnlint.graph.values.base import Value

if TYPE_CHECKING:
    import libcst as cst

    from attnlint.graph.scope import Scope
    from attnlint.syntax.outline import ClassOutline, Definition
    from attnlint.syntax.parse import Slice


@dataclass(eq=False, slots=True)
class Items(Value):
    """A tuple or list whose items are known one by one. ``registers``: an ``nn.ModuleList``, whose modules become
    part of the module that holds it."""

    items: tuple[Value, ...]
    registers: bool = False


@dataclass(eq=False, slots=True)
class Spread(Value):
    """``*x`` where the number of items is not known."""

    x: Value


@dataclass(eq=False, slots=True)
class Repeating(Value):
    """A list of any number of items that are all made alike: ``[make() for _ in range(n)]``. ``same``: they are one
    and the same object, as in ``[made] * n``."""

    item: Value
    registers: bool = False
    same: bool = False


@dataclass(eq=False, slots=True)
class Mapping(Value):
    """A dict whose keys are known strings. ``registers``: an ``nn.ModuleDict``."""

    keys: tuple[str, ...]
    items: tuple[Value, ...]
    registers: bool = False


@dataclass(eq=False, slots=True)
class Function(Value):
    """A function, method or lambda of this module, with what it closes over. ``slice`` and ``node`` are None for a
    definition that is parsed when it is entered."""

    slice: Slice | None = None
    node: cst.FunctionDef | cst.Lambda | None = None
    scope: Scope | None = None
    receiver: Value | None = None
    owner: ClassOutline | None = None
    definition: Definition | None = None
    defaults: Mapping | None = None
    """Values of the parameters' defaults, where they are evaluated when the function is defined."""


@dataclass(eq=False, slots=True)
class Partial(Value):
    """``functools.partial``."""

    function: Value
    positional: tuple[Value, ...]
    names: tuple[str, ...]
    keywords: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Class(Value):
    """A class of this module."""

    outline: ClassOutline


@dataclass(eq=False, slots=True)
class Instance(Value):
    """An object of a class of this module; its attributes live in the interpreter's heap."""

    outline: ClassOutline
    exact: bool = False
    """Whether it was made by calling the class itself: ``self`` may be of a subclass."""

    @property
    def text(self) -> str:
        """The name it was bound to, else ``self``."""
        return self.name or "self"


@dataclass(eq=False, slots=True)
class Super(Value):
    """``super()`` inside a method of ``owner``."""

    receiver: Value
    owner: ClassOutline


@dataclass(eq=False, slots=True)
class TorchModule(Value):
    """An ``nn.Module`` of torch itself, with its constructor's arguments by name."""

    kind: str
    names: tuple[str, ...] = ()
    arguments: tuple[Value, ...] = ()

    def argument(self, name: str) -> Value | None:
        """The constructor's argument of that name, None where it was not given."""
        return self.arguments[self.names.index(name)] if name in self.names else None
