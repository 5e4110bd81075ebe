"""The abstract interpreter: definitions of one module to graphs of values.

Nothing is imported or run. A definition is walked once; calls of definitions of the same module are entered with the
call's own arguments, so that a helper's or a submodule's values are those of this caller. A method runs on an object
whose constructor was run on unknown arguments.
"""

from __future__ import annotations

import re

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
from attnlint.syntax.parse import Slice, TooDeep, parse_definition, parse_lines
from attnlint.syntax.text import SourceError

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
        self._objects: dict[int, tuple[Instance, Heap, Recorder]] = {}
        self._class_values: dict[tuple[int, str], Value | None] = {}

    def graph_of(self, definition: Definition, *, constructed: bool = True) -> DefinitionGraph:
        """The values that a root definition computes. Raises `TooDeep` and `SourceError` where it cannot be read.

        ``constructed``: a method runs on an object whose constructor was run; else nothing is known of its attributes.
        """
        slice_ = parse_definition(definition)
        receiver, built = self._receiver(definition, constructed)
        self.recorder = Recorder(stores=list(built.stores), placed=set(built.placed))
        self.guard, self.alive, self.running, self.entries = (), True, [definition], 0
        self.scope = Scope(slice_, Frame(definition), {}, None, receiver, definition.parent)
        if isinstance(slice_.node, cst.FunctionDef):
            self._bind_root(slice_.node.params, receiver, of_constructor=False)
            self.execute(slice_.node.body)
        elif isinstance(slice_.node, cst.Module):
            self.execute(slice_.statements)
        return DefinitionGraph(definition, self.module, self.recorder, receiver, self.heap)

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

    def _object(self, outline: ClassOutline, blank: bool) -> tuple[Instance, Heap, Recorder]:
        """An object as its constructor leaves it for unknown arguments; ``blank``: before the constructor."""
        if blank:
            return Instance(outline), {}, Recorder()
        known = self._objects.get(id(outline))
        if known is None:
            known = self._objects[id(outline)] = self._constructed(outline)
        return known

    def _constructed(self, outline: ClassOutline) -> tuple[Instance, Heap, Recorder]:
        instance = Instance(outline)
        constructor = self.module.method(outline, "__init__")
        initialisers: frozenset[str] = frozenset()
        if constructor is not None:
            try:
                slice_ = parse_definition(constructor[0])
            except (TooDeep, SourceError):
                return instance, {}, Recorder()
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
        known = self.module.globals
        if name not in known:
            known[name] = None
            static = self.module.static(name)
            known[name] = static if static is not None else self._assigned(self.module.assignment(name), name)
        value = known[name]
        if value is None:
            value = known[name] = Unknown(is_unbound=not self.module.binds(name))
        return value

    def class_level(self, outline: ClassOutline, member: str) -> Value | None:
        """The value of a class-level assignment."""
        place = (id(outline), member)
        if place not in self._class_values:
            self._class_values[place] = None
            self._class_values[place] = self._assigned(self.module.class_assignment(outline, member), member)
        return self._class_values[place]

    def _assigned(self, lines: LineRange | None, name: str) -> Value | None:
        if lines is None:
            return None
        try:
            slice_ = parse_lines(self.module.outline, lines)
        except (TooDeep, SourceError):
            return None
        return self._evaluated_apart(slice_, name)

    def _evaluated_apart(self, slice_: Slice, name: str) -> Value | None:
        """Run statements of a module or class body on their own and read what they bound."""
        saved = (self.scope, self.guard, self.alive)
        scope = Scope(slice_, Frame(self.module.outline.plain_body))
        self.scope, self.guard, self.alive = scope, (), True
        try:
            self.execute(slice_.statements)
            return scope.names.get(name)
        finally:
            self.scope, self.guard, self.alive = saved
