"""The base of all nodes, where they come from, and the ones that are not computed from anything."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import libcst as cst

    from attnlint.syntax.outline import Definition
    from attnlint.syntax.parse import Slice


@dataclass(frozen=True, eq=False)
class Frame:
    """One activation of a definition: the root, or a callee entered from ``call``."""

    definition: Definition | None
    caller: Frame | None = None
    call: Origin | None = None

    @property
    def depth(self) -> int:
        """How many calls were entered to get here; 0 for a root."""
        return 0 if self.caller is None else self.caller.depth + 1


@dataclass(frozen=True, eq=False)
class Origin:
    """Where a value was made: its syntax, and the conditions (all true) under which control gets there."""

    slice: Slice
    node: cst.CSTNode
    guard: tuple[Value, ...] = ()
    frame: Frame | None = None

    @property
    def place(self) -> tuple[int, int]:
        """Identity of the syntax: the same for every activation of the same definition."""
        return (self.slice.place, id(self.node))

    @property
    def code(self) -> str:
        """The source text, white space folded, shortened to fit a message."""
        text = " ".join(self.slice.code(self.node).split())
        return text if len(text) <= 60 else text[:57] + "..."


@dataclass(eq=False, slots=True)
class Value:
    """Base class of all nodes."""

    origin: Origin | None = field(default=None, kw_only=True, repr=False)
    name: str | None = field(default=None, kw_only=True, repr=False)
    _key: Hashable = field(default=None, kw_only=True, repr=False)

    @property
    def text(self) -> str:
        """How a message calls this value: the name it was bound to, else its source text."""
        if self.name:
            return self.name
        return self.origin.code if self.origin else type(self).__name__.lower()

    def operands(self) -> Iterator[Value]:
        """The values this one is computed from."""
        for name in value_fields(type(self)):
            operand = getattr(self, name)
            if isinstance(operand, Value):
                yield operand
            elif isinstance(operand, tuple):
                yield from (item for item in operand if isinstance(item, Value))


_FIELDS: dict[type, tuple[str, ...]] = {}
_BOOKKEEPING = frozenset({"origin", "name", "_key"})


def value_fields(kind: type) -> tuple[str, ...]:
    """Names of a class's fields that hold what the value is computed from."""
    known = _FIELDS.get(kind)
    if known is None:
        known = _FIELDS[kind] = tuple(f.name for f in fields(kind) if f.name not in _BOOKKEEPING)
    return known


@dataclass(eq=False, slots=True)
class Constant(Value):
    """A Python literal, or arithmetic on literals."""

    value: Any


@dataclass(eq=False, slots=True)
class Parameter(Value):
    """A parameter of the root definition, or of the constructor of its class: nothing is known but its name."""

    label: str
    annotation: str | None = None
    default: Value | None = None
    of_constructor: bool = False

    @property
    def text(self) -> str:
        """The parameter's name."""
        return self.label


@dataclass(eq=False, slots=True)
class External(Value):
    """A name from outside the module, by its qualified path; builtins are ``builtins.int``."""

    path: str


@dataclass(eq=False, slots=True)
class Unknown(Value):
    """The result of something that was not understood. It keeps its inputs and claims nothing."""

    inputs: tuple[Value, ...] = ()
    is_unbound: bool = False
    """Whether it is a name that nothing in the module binds: that of a tensor, or of a module."""


@dataclass(eq=False, slots=True)
class Carried(Value):
    """A name that a loop assigns, as the loop's body sees it: the entry value, or any iteration's."""

    entry: Value


@dataclass(eq=False, slots=True)
class Phi(Value):
    """``then`` where ``condition`` is true, else ``otherwise``."""

    condition: Value
    then: Value
    otherwise: Value


@dataclass(eq=False, slots=True)
class Attribute(Value):
    """A read of ``base.member``; ``value`` is what it holds, None where nobody assigned it."""

    base: Value
    member: str
    value: Value | None = None

    @property
    def text(self) -> str:
        """``base.member``."""
        return f"{self.base.text}.{self.member}"


NONE = Constant(None)
"""An argument that was not given."""


def strip(value: Value) -> Value:
    """What an attribute read holds, through any number of reads."""
    while isinstance(value, Attribute) and value.value is not None:
        value = value.value
    return value


class _NotLiteral:
    """What `literal` gives for a value that is not written down; unequal to everything but itself."""


NOT_LITERAL = _NotLiteral()


def literal(value: Value) -> Any:
    """The literal that a value holds, `NOT_LITERAL` where it holds none."""
    inner = strip(value)
    return inner.value if isinstance(inner, Constant) else NOT_LITERAL
