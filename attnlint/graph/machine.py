"""State of the abstract interpreter, and what its parts share.

`Machine` holds the state and names the operations; `expressions`, `calls` and `statements` implement them;
`interpreter` puts them together. Imports go one way: machine ← parts ← interpreter.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as MappingOf
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from attnlint.graph.facts import Observations
from attnlint.graph.scope import Scope
from attnlint.graph.values import (
    NONE,
    Attribute,
    Cast,
    Constant,
    Items,
    Mapping,
    MultiHead,
    Origin,
    Output,
    Parameter,
    Phi,
    Unknown,
    Value,
    Weights,
    is_tensor,
    strip,
)
from attnlint.time_limit import check

if TYPE_CHECKING:
    import libcst as cst

    from attnlint.graph.module import ModuleContext
    from attnlint.graph.values import Function, Instance, Pieces
    from attnlint.syntax.outline import ClassOutline, Definition
    from attnlint.syntax.text import SourceError

MAX_VALUES = 20_000
"""Values made for one root; beyond that, everything further is unknown."""
MAX_PARTS = 10_000
"""Items of a list, and characters of a text, that are told apart: adding one to itself again and again doubles it."""
MAX_ENTRIES = 400
"""Calls entered from a root, all together."""
MAX_DEPTH = 8
"""Calls entered from a root, one inside another."""

K = TypeVar("K")
Heap: TypeAlias = "dict[tuple[int, str], Value]"
Guard: TypeAlias = "tuple[Value, ...]"


@dataclass(frozen=True, eq=False)
class Store:
    """An attribute that the code sets, at its target. ``registers``: by ``register_buffer``, ``add_module`` and their
    like; ``appends``: ``owner.append(value)``, with the method's name for the member."""

    owner: Value
    member: str
    value: Value
    origin: Origin
    registers: bool = False
    appends: bool = False


@dataclass
class Recorder:
    """What a run leaves behind."""

    values: list[Value] = field(default_factory=list)
    observations: Observations = field(default_factory=Observations)
    discarded: list[Value] = field(default_factory=list)
    """Values of expression statements: computed, and kept by nobody."""
    returned: list[Value] = field(default_factory=list)
    """What the root gives back."""
    kept: list[Value] = field(default_factory=list)
    """What containers and objects hold afterwards."""
    stores: list[Store] = field(default_factory=list)
    placed: set[int] = field(default_factory=set)
    """Identities of tensors that the code puts on a device itself: by ``device=``, ``.to(device)``, ``.cuda()``."""
    unread: dict[Definition, SourceError] = field(default_factory=dict)
    """Definitions that should have been entered and cannot be parsed, with the reason."""


@dataclass(frozen=True)
class CallArguments:
    """The arguments of a call as values. ``open_ended``: more may have been passed by ``*x`` or ``**x``."""

    positional: tuple[Value, ...] = ()
    keywords: MappingOf[str, Value] = field(default_factory=dict)
    open_ended: bool = False
    spread: tuple[Value, ...] = ()
    """What was passed as ``**x`` and is not known."""

    def all(self) -> tuple[Value, ...]:
        """Every value that is passed."""
        return (*self.positional, *self.keywords.values(), *self.spread)


class Machine(ABC):
    """The interpreter's state: where it stands (scope, guard), what objects hold (heap), what it found (recorder)."""

    def __init__(self, module: ModuleContext, recorder: Recorder) -> None:
        self.module = module
        self.recorder = recorder
        self.heap: Heap = {}
        self.heap_is_shared = False
        self.guard: Guard = ()
        self.named: list[Value] = []
        """What was made without a name and has got one since."""
        self.alive = True
        self.entries = 0
        self.running: list[object] = []
        """Definitions that are being run, the root first: a call of one of them is not entered."""
        self.scope: Scope

    # -- what the parts implement

    @abstractmethod
    def evaluate(self, node: cst.BaseExpression) -> Value:
        """The value of an expression."""

    @abstractmethod
    def execute(self, body: cst.BaseSuite | Sequence[cst.BaseStatement]) -> None:
        """Run statements."""

    @abstractmethod
    def call(self, function: Value, arguments: CallArguments, node: cst.CSTNode) -> Value:
        """The result of a call."""

    @abstractmethod
    def enter(self, function: Function, arguments: CallArguments, node: cst.CSTNode) -> Value:
        """Run a function of this module with the call's own arguments."""

    @abstractmethod
    def instantiate(self, outline: ClassOutline, arguments: CallArguments, node: cst.CSTNode) -> Value:
        """A new object: the constructor is entered with the call's arguments."""

    @abstractmethod
    def call_instance(
        self, instance: Instance, outline: ClassOutline, arguments: CallArguments, node: cst.CSTNode
    ) -> Value:
        """Call an object: its ``forward`` or ``__call__``."""

    @abstractmethod
    def defaults(self, parameters: cst.Parameters) -> Mapping:
        """The defaults of a function that is being defined."""

    @abstractmethod
    def attribute(self, base: Value, member: str, node: cst.CSTNode) -> Value:
        """The value of ``base.member``."""

    @abstractmethod
    def assign(self, target: cst.BaseExpression, value: Value) -> None:
        """Bind a target: a name, an attribute, a subscript, a tuple of targets."""

    @abstractmethod
    def lookup(self, name: str) -> Value:
        """The value of a name: local, enclosing, of the module, builtin."""

    @abstractmethod
    def global_value(self, name: str) -> Value:
        """The value of a module-level name; each statement is evaluated once, when it is first asked for."""

    @abstractmethod
    def class_level(self, outline: ClassOutline, member: str) -> Value | None:
        """The value of a class-level assignment."""

    @abstractmethod
    def binary(self, operator: type, left: Value, right: Value, node: cst.CSTNode) -> Value:
        """The value of ``left operator right``."""

    @abstractmethod
    def subscript(self, base: Value, keys: Sequence[Value], node: cst.CSTNode) -> Value:
        """The value of ``base[keys]``."""

    @abstractmethod
    def keys_of(self, node: cst.Subscript) -> tuple[Value, ...]:
        """The subscripts as values."""

    @abstractmethod
    def piece(self, pieces: Pieces, index: int, node: cst.CSTNode) -> Value:
        """One of the tensors that chunk, split or unbind give."""

    @abstractmethod
    def iterate(self, value: Value) -> tuple[Value, ...] | None:
        """The items of an iterable, None where their number is not known."""

    # -- what the parts share

    def made(self, value: Value, node: cst.CSTNode) -> Value:
        """Record a value that was just made, with where it was made. A value made before stays as it is; one with more
        parts than anybody looks at is not understood."""
        if value.origin is None and value is not NONE:
            check()
            if isinstance(value, (Items, Mapping)) and len(value.items) > MAX_PARTS:
                value = Unknown(value.items)
            elif isinstance(value, Constant) and isinstance(value.value, (str, bytes)) and len(value.value) > MAX_PARTS:
                value = Unknown()
            value.origin = self.here(node)
            if len(self.recorder.values) < MAX_VALUES:
                self.recorder.values.append(value)
        return value

    def name(self, value: Value, name: str | None) -> None:
        """Name a value that has no name."""
        if value.name is None and name is not None and not isinstance(value, Constant):
            value.name = name
            self.named.append(value)

    def here(self, node: cst.CSTNode) -> Origin:
        """A place in the definition that is being run."""
        return Origin(self.scope.slice, node, self.guard, self.scope.frame)

    def adopted(self, value: Value, node: cst.CSTNode) -> Value:
        """Record what a row of a table made, and what it made on the way."""
        if value.origin is None:
            for operand in value.operands():
                if operand.origin is None and not isinstance(operand, Constant):
                    self.adopted(operand, node)
        return self.made(value, node)

    def store(self, owner: Value, member: str, value: Value, node: cst.CSTNode, *, registers: bool = False) -> None:
        """Set an attribute. A heap that a saved state holds as well is copied first."""
        origin = Origin(self.scope.slice, node, self.guard, self.scope.frame)
        self.recorder.stores.append(Store(owner, member, value, origin, registers))
        if self.heap_is_shared:
            self.heap, self.heap_is_shared = dict(self.heap), False
        self.heap[id(owner), member] = value

    def unknown(self, node: cst.CSTNode, *inputs: Value) -> Value:
        """A value that claims nothing."""
        return self.made(Unknown(inputs), node)

    def results(self, call: Value, node: cst.CSTNode) -> tuple[Value, Value]:
        """The two values that a `MultiHead` or a `Recurrent` returns."""
        second = self.made(Weights(call), node) if isinstance(call, MultiHead) else self.unknown(node, call)
        return self.made(Output(call), node), second

    @property
    def exhausted(self) -> bool:
        """Whether the budget of this root is spent."""
        return len(self.recorder.values) >= MAX_VALUES

    @contextmanager
    def assuming(self, *conditions: Value) -> Iterator[None]:
        """Evaluate under further conditions."""
        before = self.guard
        self.guard = (*before, *conditions)
        try:
            yield
        finally:
            self.guard = before

    def choose(self, condition: Value, then: Value, otherwise: Value, node: cst.CSTNode) -> Value:
        """``then if condition else otherwise`` as one value."""
        return then if then is otherwise else self.made(Phi(condition, then, otherwise), node)

    def replace_everywhere(self, old: Value, new: Value) -> None:
        """After an in-place operation: every name and attribute that held the old value holds the new one."""
        held = strip(old)
        scope: Scope | None = self.scope
        while scope is not None:
            scope.names.update(_substituted(scope.names, held, new))
            scope = scope.parent
        stale = _substituted(self.heap, held, new)
        if stale:
            self.heap, self.heap_is_shared = {**self.heap, **stale}, False
        if isinstance(held, Cast) and held.detaches:
            self.replace_everywhere(held.x, new)
        if isinstance(held, Phi):
            for arm, changed in ((held.then, (new, held.then)), (held.otherwise, (held.otherwise, new))):
                if is_tensor(strip(arm)) or isinstance(strip(arm), Parameter):
                    self.replace_everywhere(arm, Phi(held.condition, *changed))

    def read(self, base: Value, member: str, value: Value | None, node: cst.CSTNode) -> Value:
        """A read of an attribute, which keeps the place where it was read."""
        return self.made(Attribute(base, member, value), node)


def _substituted(bindings: dict[K, Value], held: Value, new: Value) -> dict[K, Value]:
    """The bindings that hold a value, with another in its place."""
    found = {}
    for name, value in bindings.items():
        changed = _with(value, held, new, 3)
        if changed is not value:
            found[name] = changed
    return found


_CONTAINERS = frozenset({Items, Mapping, Phi, Cast})
"""What holds values one by one, or is another name for one: ``x.detach()`` shares its memory."""


def _with(value: Value, held: Value, new: Value, depth: int) -> Value:
    """A value with one that it is, or contains, replaced."""
    inner = strip(value)
    if inner is held:
        return new
    if depth == 0 or type(inner) not in _CONTAINERS:
        return value
    if isinstance(inner, (Items, Mapping)):
        items = tuple(_with(item, held, new, depth - 1) for item in inner.items)
        if all(one is two for one, two in zip(items, inner.items, strict=True)):
            return value
        return replace(inner, items=items, origin=None, _key=None)
    if isinstance(inner, Cast):
        changed = _with(inner.x, held, new, depth - 1) if inner.detaches else inner.x
        return value if changed is inner.x else replace(inner, x=changed, _key=None)
    if isinstance(inner, Phi):
        then, otherwise = (_with(arm, held, new, depth - 1) for arm in (inner.then, inner.otherwise))
        if then is inner.then and otherwise is inner.otherwise:
            return value
        return Phi(inner.condition, then, otherwise, origin=inner.origin, name=inner.name)
    return value
