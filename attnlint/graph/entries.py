"""Entering definitions of this module: constructors, methods and functions run with the call's own arguments."""

from __future__ import annotations

import libcst as cst

from attnlint.graph.machine import MAX_DEPTH, MAX_ENTRIES, CallArguments, Machine
from attnlint.graph.scope import Scope
from attnlint.graph.values import (
    NONE,
    And,
    Frame,
    Function,
    Instance,
    Items,
    Mapping,
    Origin,
    Spread,
    Unknown,
    Value,
)
from attnlint.syntax.outline import ClassOutline
from attnlint.syntax.parse import TooDeep, parse_definition
from attnlint.syntax.text import SourceError


class Entries(Machine):
    """The part of the interpreter that enters definitions."""

    def instantiate(self, outline: ClassOutline, arguments: CallArguments, node: cst.CSTNode) -> Value:
        """A new object: the constructor is entered with the call's arguments."""
        instance = self.made(Instance(outline, exact=True), node)
        constructor = self.module.method(outline, "__init__")
        if constructor is not None:
            function = Function(receiver=instance, owner=constructor[1], definition=constructor[0])
            self.enter(function, arguments, node)
        return instance

    def call_instance(
        self, instance: Instance, outline: ClassOutline, arguments: CallArguments, node: cst.CSTNode
    ) -> Value:
        """Call an object: its ``forward`` or ``__call__``."""
        for name in ("forward", "__call__"):
            found = self.module.method(outline, name)
            if found is not None:
                return self.enter(Function(receiver=instance, owner=found[1], definition=found[0]), arguments, node)
        return self.unknown(node, instance, *arguments.all())

    def enter(self, function: Function, arguments: CallArguments, node: cst.CSTNode) -> Value:
        """Run a function of this module with the call's own arguments."""
        identity = function.definition or function.node
        if identity is None or self.exhausted or self.scope.frame.depth >= MAX_DEPTH or self._is_running(function):
            return self.unknown(node, *arguments.all())
        if self.entries >= MAX_ENTRIES:
            return self.unknown(node, *arguments.all())
        self.entries += 1
        slice_, syntax = function.slice, function.node
        if syntax is None and function.definition is not None:
            try:
                slice_ = parse_definition(function.definition)
            except TooDeep:
                return self.unknown(node, *arguments.all())
            except SourceError as error:
                self.recorder.unread[function.definition] = error
                return self.unknown(node, *arguments.all())
            assert isinstance(slice_.node, cst.FunctionDef)
            syntax = slice_.node
        assert slice_ is not None
        assert syntax is not None
        call_site = Origin(self.scope.slice, node, self.guard, self.scope.frame)
        frame = Frame(function.definition or self.scope.frame.definition, self.scope.frame, call_site)
        scope = Scope(slice_, frame, {}, function.scope, function.receiver, function.owner)
        return self._run(function, scope, syntax, arguments, node)

    def _is_running(self, function: Function) -> bool:
        identity: object = function.definition or function.node
        return any(running is identity for running in self.running)

    def _run(
        self,
        function: Function,
        scope: Scope,
        syntax: cst.FunctionDef | cst.Lambda,
        arguments: CallArguments,
        node: cst.CSTNode,
    ) -> Value:
        outer, guard = self.scope, self.guard
        self.running.append(function.definition or function.node)
        self.scope = scope
        try:
            self.bind_parameters(syntax.params, function, arguments)
            if isinstance(syntax, cst.Lambda):
                return self.evaluate(syntax.body)
            self.execute(syntax.body)
            ended = [(self.guard, NONE)] if self.alive else []
        finally:
            self.running.pop()
            self.scope, self.guard, self.alive = outer, guard, True
        if scope.is_generator or syntax.asynchronous is not None:
            return self.unknown(node, *arguments.all())
        return self._returned([*scope.returns, *ended], node)

    def _returned(self, returns: list[tuple[tuple[Value, ...], Value]], node: cst.CSTNode) -> Value:
        """What a call gives back: all return statements as one value, each with the conditions under which it is
        reached. Falling off the end returns None."""
        if not returns:
            return self.unknown(node)
        result = returns[-1][1]
        for guard, value in reversed(returns[:-1]):
            extra = guard[len(self.guard) :]
            condition = extra[0] if len(extra) == 1 else self.made(And(extra), node)
            result = self.choose(condition, value, result, node)
        return result

    def defaults(self, parameters: cst.Parameters) -> Mapping:
        """The defaults of a function that is being defined."""
        given = (*parameters.posonly_params, *parameters.params, *parameters.kwonly_params)
        known = {p.name.value: self.evaluate(p.default) for p in given if p.default is not None}
        return Mapping(tuple(known), tuple(known.values()))

    def bind_parameters(self, parameters: cst.Parameters, function: Function, arguments: CallArguments) -> None:
        """Bind a function's parameters to the arguments of a call."""
        own = (function.receiver,) if function.receiver is not None else ()
        waiting = [*own, *arguments.positional]
        keywords = dict(arguments.keywords)
        known = next((i for i, value in enumerate(waiting) if isinstance(value, Spread)), len(waiting))
        uncertain = arguments.open_ended or known < len(waiting)
        waiting = waiting[:known]
        for parameter in (*parameters.posonly_params, *parameters.params):
            given = waiting.pop(0) if waiting else keywords.pop(parameter.name.value, None)
            self._bind_one(parameter, given, uncertain, function.defaults)
        if isinstance(parameters.star_arg, cst.Param):
            rest = Unknown() if uncertain else Items(tuple(waiting))
            self.scope.names[parameters.star_arg.name.value] = self.made(rest, parameters.star_arg)
        for parameter in parameters.kwonly_params:
            given = keywords.pop(parameter.name.value, None)
            self._bind_one(parameter, given, arguments.open_ended, function.defaults)
        if parameters.star_kwarg is not None:
            mapping: Value = Unknown() if arguments.open_ended else Mapping(tuple(keywords), tuple(keywords.values()))
            self.scope.names[parameters.star_kwarg.name.value] = self.made(mapping, parameters.star_kwarg)

    def _bind_one(self, parameter: cst.Param, given: Value | None, uncertain: bool, defaults: Mapping | None) -> None:
        name = parameter.name.value
        if given is None and not uncertain and parameter.default is not None:
            known = defaults is not None and name in defaults.keys
            given = defaults.items[defaults.keys.index(name)] if defaults and known else self._default(parameter)
        if given is None:
            given = self.unknown(parameter)
        self.name(given, name)
        self.scope.names[name] = given

    def _default(self, parameter: cst.Param) -> Value:
        """The default of a definition at module or class level, which sees none of the function's own names."""
        assert parameter.default is not None
        scope = self.scope
        self.scope = Scope(scope.slice, scope.frame)
        try:
            return self.evaluate(parameter.default)
        finally:
            self.scope = scope
