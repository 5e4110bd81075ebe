"""Whether a definition tells more about what it calls than is known of that already.

What is called was looked at with parameters of which nothing is known. A call that hands on the caller's own
parameters, each as it is and to one place, tells nothing more.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from attnlint.syntax.outline import ClassOutline, Definition

_NUMBERS = ("int", "float", "bool")
"""Annotations that tell something about a parameter."""


class Known:
    """The definitions that hold attention sites, each with the names that others call it by and the parameters that its
    sites rest on."""

    def __init__(self, definitions: Iterable[tuple[Iterable[str], Definition, frozenset[str]]]) -> None:
        self._signatures: dict[str, set[_Signature]] = {}
        self._owners: dict[str, set[ClassOutline]] = {}
        for names, definition, parameters in definitions:
            for name in names:
                if parameters:
                    self._signatures.setdefault(name, set()).add(_Signature.of(definition, parameters))
                if definition.name == name and definition.parent is not None:
                    self._owners.setdefault(name, set()).add(definition.parent)

    def knows_less(self, caller: Definition, names: Iterable[str]) -> bool:
        """Whether a definition, which calls others under some names, tells more about any of them: it hands more than
        its own parameters to one, chooses between several, or inherits one, for an object of another class."""
        if any(self._is_inherited(name, caller.parent) for name in names):
            return True
        asked = [name for name in names if name in self._signatures]
        if not asked:
            return False
        if len(asked) > 1 and _chooses(caller.tree):
            return True
        calls = _Calls(caller)
        return any(calls.tell(name, signature) for name in asked for signature in self._signatures[name])

    def _is_inherited(self, name: str, by: ClassOutline | None) -> bool:
        """Whether a class has a method of another one that it derives from."""
        owners = self._owners.get(name, set())
        waiting, seen = [by] if owners else [], set[ClassOutline]()
        while waiting:
            one = waiting.pop()
            if one is None or one in seen:
                continue
            if name in one.methods:
                if one in owners:
                    return one is not by
                continue
            seen.add(one)
            waiting.extend(one.outline.base(base, one) for base in one.bases)
        return False


@dataclass(frozen=True)
class _Signature:
    """What a call has to hand in."""

    is_method: bool
    positional: tuple[str, ...]
    matter: frozenset[str]
    numbers: frozenset[tuple[str, str | None]]
    """All parameters, each with its annotation if that tells something."""

    @classmethod
    def of(cls, definition: Definition, matter: frozenset[str]) -> _Signature:
        """That of a function or a method, of whose parameters some matter."""
        slots = _slots(definition)
        return cls(
            is_method=definition.parent is not None and "staticmethod" not in definition.decorators,
            positional=tuple(slot.arg for slot in (*slots.posonlyargs, *slots.args)),
            matter=matter,
            numbers=frozenset((slot.arg, _number(slot)) for slot in _parameters(slots)),
        )


class _Calls:
    """The calls of one definition, and which of its parameters it leaves as they are."""

    def __init__(self, caller: Definition) -> None:
        own = {id(given): given for given in _parameters(_slots(caller))}
        self._own = {given.arg: _number(given) for given in own.values()}
        self._classes = caller.outline.classes
        self._calls: dict[str, list[ast.Call]] = {}
        for node in ast.walk(caller.tree):
            if isinstance(node, ast.Call):
                self._calls.setdefault(_callee(node.func), []).append(node)
            if id(node) not in own:
                self._own.pop(_changed(node), None)

    def tell(self, name: str, called: _Signature) -> bool:
        """Whether any call of a name hands more than a parameter in for one of those that matter."""
        calls = self._calls.get(name)
        if calls is None:  # it is handed to `map` and its like
            return True
        return any(self._tells(call, called) for call in calls)

    def _tells(self, call: ast.Call, called: _Signature) -> bool:
        spread = [*_spread(call)]
        if not all(map(self._is_own, spread)):
            return True
        bound = called.is_method and not self._is_of_class(call.func)
        given = dict(zip(called.positional[bound:], call.args, strict=False))
        given.update((keyword.arg, keyword.value) for keyword in call.keywords if keyword.arg is not None)
        handed = {
            (name, value.id)
            for name, value in given.items()
            if name in called.matter and isinstance(value, ast.Name) and self._is_own(value)
        }
        open_ended = called.matter - given.keys() if spread else frozenset[str]()
        if len({value for _, value in handed}) < len(called.matter) - len(open_ended):
            return True  # something else, nothing at all, or one of them twice: that is self-attention
        return any(self._own[value] and (name, self._own[value]) not in called.numbers for name, value in handed)

    def _is_own(self, value: ast.expr) -> bool:
        return isinstance(value, ast.Name) and value.id in self._own

    def _is_of_class(self, function: ast.expr) -> bool:
        """Whether a method is called on its class, and handed its object."""
        match function:
            case ast.Attribute(value=ast.Name(id=name)):
                return name in self._classes
        return False


def _chooses(tree: ast.AST) -> bool:
    """Whether a definition has alternatives."""
    return any(isinstance(node, (ast.If, ast.IfExp, ast.Match)) for node in ast.walk(tree))


def _slots(definition: Definition) -> ast.arguments:
    assert isinstance(definition.tree, (ast.FunctionDef, ast.AsyncFunctionDef))
    return definition.tree.args


def _parameters(slots: ast.arguments) -> Iterator[ast.arg]:
    yield from (*slots.posonlyargs, *slots.args, *slots.kwonlyargs)
    yield from (one for one in (slots.vararg, slots.kwarg) if one is not None)


def _spread(call: ast.Call) -> Iterator[ast.expr]:
    """What a call hands in with ``*`` and ``**``."""
    yield from (given.value for given in call.args if isinstance(given, ast.Starred))
    yield from (keyword.value for keyword in call.keywords if keyword.arg is None)


def _callee(function: ast.expr) -> str:
    """The last name of what is called."""
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _changed(node: ast.AST) -> str:
    """The name that a node binds again, or whose object it changes; nothing for others."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
            return name
        case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
            return name
        case ast.Attribute(value=ast.Name(id=name), attr=method) if method.endswith("_"):
            return name
    return ""


def _number(given: ast.arg) -> str | None:
    """The annotation of a parameter, where it tells that it is a number."""
    match given.annotation:
        case ast.Name(id=name) if name in _NUMBERS:
            return name
    return None
