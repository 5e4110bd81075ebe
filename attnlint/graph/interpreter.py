"""The abstract interpreter: definitions of one module to graphs of values.

Nothing is imported or run. A definition is walked once; calls of definitions of the same module are entered with the
call's own arguments, so that a helper's or a submodule's values are those of this caller. A method runs on an object
whose constructor was run on unknown arguments.
"""

from __future__ import annotations

import re
from typing import TypeAlias

import libcst as cst

from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.bindings import Bindings
from attnlint.graph.calls import Calls
from attnlint.graph.entries import Entries
from attnlint.graph.expressions import Expressions
from attnlint.graph.machine import Heap, Recorder
from attnlint.graph.module import ModuleContext
from attnlint.graph.scope import Scope
from attnlint.graph.statements import Statements
from attnlint.graph.subscripts import Subscripts
from attnlint.graph.values import Frame, Instance, Parameter, Phi, Unknown, Value, forget_keys
from attnlint.syntax.outline import ClassOutline, Definition, LineRange
from attnlint.syntax.parse import TooDeep, parse_definition, parse_lines
from attnlint.syntax.reads import Memory
from attnlint.syntax.text import SourceError

_Object: TypeAlias = "tuple[Instance, Heap, Recorder]"
"""An object, with what its attributes hold and what its constructor left behind."""
_SHAPED = re.compile(r"""\w+\[\s*(?:torch\.)?Tensor\s*,\s*["']([^"']*)["']\s*\]""")


def _annotated_rank(annotation: str) -> int | None:
    """The rank that a jaxtyping annotation states: ``Float[Tensor, "batch heads tokens head_dim"]`` is 4."""
    match = _SHAPED.fullmatch(annotation.strip())
    axes = match[1].split() if match is not None else []
    return len(axes) if match is not None and not any(axis.startswith(("...", "*")) for axis in axes) else None


class Interpreter(Expressions, Subscripts, Bindings, Calls, Entries, Statements):
    """Interprets the definitions of one module; use `graph_of` once for each root."""

    def __init__(self, module: ModuleContext) -> None:
        super().__init__(module, Recorder())
        forget_keys()
        self._objects: Memory[ClassOutline, _Object] = Memory(module.outline)
        self._values: Memory[tuple[ClassOutline | None, str], tuple[Value | None, Heap]] = Memory(module.outline)
        """What module and class bodies bind, with the attributes of the objects that are made there."""
        self._statics: dict[str, Value] = {}
        """What global names mean without running anything, as far as this root asked."""

    def graph_of(self, definition: Definition, *, constructed: bool = True) -> DefinitionGraph:
        """The values that a root definition computes. Raises `TooDeep` and `SourceError` where it cannot be read.

        ``constructed``: a method runs on an object whose constructor was run; else nothing is known of its attributes.
        """
        self._statics = {}
        self._forget_names()
        slice_ = parse_definition(definition)
        receiver, built = self._receiver(definition, constructed)
        self.recorder = Recorder(stores=list(built.stores), placed=set(built.placed), unread=dict(built.unread))
        self.guard, self.alive, self.running, self.entries = (), True, [definition], 0
        self.scope = Scope(slice_, Frame(definition), {}, None, receiver, definition.parent)
        if isinstance(slice_.node, cst.FunctionDef):
            self._bind_root(slice_.node.params, receiver, of_constructor=False)
            self.execute(slice_.node.body)
        elif isinstance(slice_.node, cst.Module):
            self.execute(slice_.statements)
        return DefinitionGraph(definition, self.module, self.recorder, receiver, self.heap)

    def _forget_names(self) -> None:
        """Take the names back that the root before gave to values which several roots share."""
        for value in self.named:
            value.name = None
        self.named.clear()

    # -- the object a method runs on

    def _receiver(self, definition: Definition, constructed: bool) -> tuple[Instance | None, Recorder]:
        """The object, with what its constructor left behind."""
        self.heap = {}
        if (
            definition.parent is None
            or "staticmethod" in definition.decorators
            or "classmethod" in definition.decorators
        ):
            return None, Recorder()
        instance, heap, built = self._object(definition.parent, definition.name == "__init__" or not constructed)
        self.heap, self.heap_is_shared = heap, True
        return instance, built

    def _object(self, outline: ClassOutline, blank: bool) -> _Object:
        """An object as its constructor leaves it for unknown arguments; ``blank``: before the constructor."""
        nothing = Instance(outline), dict[tuple[int, str], Value](), Recorder()
        return nothing if blank else self._objects.of(outline, lambda: self._constructed(outline), nothing)

    def _constructed(self, outline: ClassOutline) -> _Object:
        instance = Instance(outline)
        constructor = self.module.method(outline, "__init__")
        initialisers: frozenset[str] = frozenset()
        if constructor is not None:
            try:
                slice_ = parse_definition(constructor[0])
            except TooDeep:
                return instance, {}, Recorder()
            except SourceError as error:
                return instance, {}, Recorder(unread={constructor[0]: error})
            self.recorder, self.heap, self.guard, self.alive = Recorder(), {}, (), True
            self.heap_is_shared = False
            self.running, self.entries = [constructor[0]], 0
            self.scope = Scope(slice_, Frame(constructor[0]), {}, None, instance, constructor[1])
            assert isinstance(slice_.node, cst.FunctionDef)
            self._bind_root(slice_.node.params, instance, of_constructor=True)
            self.execute(slice_.node.body)
            frames = (v.origin.frame for v in self.recorder.values if v.origin is not None)
            initialisers = frozenset(
                f.definition.qualname for f in frames if f is not None and f.definition is not None
            )
        heap = dict(self.heap) if constructor is not None else {}
        for name in self.module.rebound(outline, initialisers):
            if (id(instance), name) in heap:
                heap[id(instance), name] = Phi(Unknown(), heap[id(instance), name], Unknown())
        self.named.clear()  # what the constructor calls its values is how every method finds them
        return instance, heap, self.recorder if constructor is not None else Recorder()

    def _bind_root(self, parameters: cst.Parameters, receiver: Instance | None, of_constructor: bool) -> None:
        positional = [*parameters.posonly_params, *parameters.params]
        if receiver is not None and positional:
            self.scope.names[positional.pop(0).name.value] = receiver
        for parameter in (*positional, *parameters.kwonly_params):
            self.scope.names[parameter.name.value] = self._parameter(parameter, of_constructor)
        for star in (parameters.star_arg, parameters.star_kwarg):
            if isinstance(star, cst.Param):
                self.scope.names[star.name.value] = self.unknown(star)

    def _parameter(self, parameter: cst.Param, of_constructor: bool) -> Value:
        annotation = parameter.annotation
        text = self.scope.slice.module.code_for_node(annotation.annotation) if annotation is not None else None
        default = self.evaluate(parameter.default) if parameter.default is not None else None
        value = self.made(Parameter(parameter.name.value, text, default, of_constructor), parameter.name)
        rank = _annotated_rank(text or "")
        if rank is not None:
            self.recorder.observations.rank(value, rank, ())
        return value

    # -- names of the module, values of class bodies

    def global_value(self, name: str) -> Value:
        """The value of a module-level name; each statement is evaluated once, when it is first asked for."""
        known = self._statics.get(name) or self.module.static(name)
        if known is None:
            known = self._bound((None, name), self.module.assignment(name))
            if known is not None:
                return known
            known = Unknown(is_unbound=not self.module.binds(name))
        self._statics[name] = known
        return known

    def class_level(self, outline: ClassOutline, member: str) -> Value | None:
        """The value of a class-level assignment."""
        return self._bound((outline, member), self.module.class_assignment(outline, member))

    def _bound(self, place: tuple[ClassOutline | None, str], lines: LineRange | None) -> Value | None:
        """What the statement on these lines binds a name to; None where that cannot be told."""
        if lines is None:
            return None
        value, made = self._values.of(place, lambda: self._evaluated(lines, place[1]), (None, {}))
        if not made.keys() <= self.heap.keys():
            self.heap, self.heap_is_shared = {**made, **self.heap}, False
        return value

    def _evaluated(self, lines: LineRange, name: str) -> tuple[Value | None, Heap]:
        """Run statements of a module or class body on their own, as if nothing else had run: who asks for them first
        counts for nothing. Gives what they bound, and the attributes they set."""
        saved = (self.scope, self.guard, self.alive, self.running, self.entries)
        outer = (self.recorder, self._statics, self.heap, self.heap_is_shared, self.named)
        try:
            slice_ = parse_lines(self.module.outline, lines)
            self.scope, self.guard, self.alive = Scope(slice_, Frame(self.module.outline.plain_body)), (), True
            self.running, self.entries = [], 0
            self.recorder, self._statics, self.heap, self.heap_is_shared, self.named = Recorder(), {}, {}, False, []
            self.execute(slice_.statements)
            return self.scope.names.get(name), self.heap
        except (TooDeep, SourceError):
            return None, {}
        finally:
            self.scope, self.guard, self.alive, self.running, self.entries = saved
            self.recorder, self._statics, self.heap, self.heap_is_shared, self.named = outer
