"""Which callers of what holds attention sites are worth a look of their own.

What is called was looked at with parameters of which nothing is known. A caller has something to add where it holds a
part of the attention, chooses between several, or tells more of a mask, a scale or a flag than that it is a parameter.
"""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from attnlint.syntax.outline import ClassOutline, Definition
from attnlint.time_limit import check

if TYPE_CHECKING:
    from attnlint.attention import Handed
    from attnlint.examination import Examine, Examined
    from attnlint.roots import Root

_Placed: TypeAlias = "ast.stmt | ast.expr"


def examine_all(wanted: Sequence[Root], examine: Examine) -> dict[Root, Examined]:
    """Look at definitions; those that only call what holds attention sites come last, where they have something to
    add."""
    examined = {root: examine(root) for root in wanted if not root.asks_of}
    callees = Callees((root.known_as, root.definition, one.handed) for root, one in examined.items())
    asking = [root for root in wanted if root.asks_of and callees.learn_from(root.definition, root.asks_of)]
    return examined | {root: examine(root) for root in asking}


class Callees:
    """The definitions that hold attention sites, each with the names that others call it by and what its sites have to
    do with its callers."""

    def __init__(self, definitions: Iterable[tuple[Iterable[str], Definition, Handed]]) -> None:
        self._wants: dict[str, set[_Wants]] = {}
        self._parts: set[str] = set()
        self._owners: dict[str, set[ClassOutline]] = {}
        self._provided: dict[str, dict[ClassOutline, bool]] = {}
        self._constructors: dict[Definition, _Code] = {}
        for names, definition, handed in definitions:
            for name in names:
                if handed.is_part:
                    self._parts.add(name)
                self._wants.setdefault(name, set()).add(_Wants.of(definition, handed))
                if definition.name == name and definition.parent is not None:
                    self._owners.setdefault(name, set()).add(definition.parent)

    def learn_from(self, caller: Definition, names: frozenset[str]) -> bool:
        """Whether anything is learnt from a definition that calls some of these by their names."""
        check()
        if not names.isdisjoint(self._parts) or any(self._inherits(caller.parent, name) for name in names):
            return True
        wanted = [(name, wants) for name in names for wants in self._wants.get(name, ())]
        if not wanted:
            return False
        code = _Code(caller)
        if code.sets_attributes or code.chooses({name for name, _ in wanted}):
            return True
        if any(code.hands_over(name, wants.called) for name, wants in wanted):
            return True
        constructor = caller.parent.methods.get("__init__") if caller.parent is not None else None
        made = [(name, wants) for name, wants in wanted if wants.owner]
        return constructor is not None and any(self._code(constructor).makes(name, wants) for name, wants in made)

    def _code(self, constructor: Definition) -> _Code:
        """A constructor, which all methods of its class ask for."""
        if constructor not in self._constructors:
            self._constructors[constructor] = _Code(constructor)
        return self._constructors[constructor]

    def _inherits(self, owner: ClassOutline | None, name: str) -> bool:
        """Whether a class has a method of another one that it derives from: its objects are made otherwise."""
        if owner is None or name not in self._owners or name in owner.methods:
            return False
        return any(self._provides(base, name) for base in _bases(owner))

    def _provides(self, owner: ClassOutline, name: str) -> bool:
        """Whether a class has a method that holds a site, its own or an inherited one; found out once for each."""
        known = self._provided.setdefault(name, {})
        waiting = [owner]
        while waiting:
            one = waiting[-1]
            if one not in known:
                known[one] = one in self._owners[name]
                waiting.extend(_bases(one) if name not in one.methods else ())
            else:
                waiting.pop()
                if not known[one] and name not in one.methods:
                    known[one] = any(known.get(base, False) for base in _bases(one))
        return known[owner]


def _bases(owner: ClassOutline) -> list[ClassOutline]:
    """The bases of a class that are of the same module."""
    return [base for name in owner.bases if (base := owner.outline.base(name, owner)) is not None]


@dataclass(frozen=True)
class _Wants:
    """What calls would have to tell about, and how they hand it in."""

    owner: str
    """The name of the class whose objects are called; nothing for what is called by its own name."""
    called: _Signature
    made: _Signature

    @classmethod
    def of(cls, definition: Definition, handed: Handed) -> _Wants:
        owner = definition.parent if definition.name in ("forward", "__call__") else None
        constructor = owner.methods.get("__init__") if owner is not None else None
        return cls(
            owner=owner.name if owner is not None else "",
            called=_Signature.of(definition, handed.parameters),
            made=_Signature.of(constructor, handed.of_constructor),
        )


@dataclass(frozen=True)
class _Signature:
    """What a call hands in."""

    is_method: bool = False
    positional: tuple[str, ...] = ()
    told: frozenset[tuple[str, str]] = frozenset()
    """What is known of each parameter."""
    matter: frozenset[str] = frozenset()

    @classmethod
    def of(cls, definition: Definition | None, matter: frozenset[str]) -> _Signature:
        """That of a function or a method, of whose parameters some matter."""
        if definition is None or not matter:
            return cls()
        slots = _slots(definition)
        return cls(
            is_method=definition.parent is not None and "staticmethod" not in definition.decorators,
            positional=tuple(slot.arg for slot in (*slots.posonlyargs, *slots.args)),
            told=frozenset(_parameters(slots).items()),
            matter=matter,
        )


class _Code:
    """The calls of one definition, and what in it is as little known as its parameters."""

    def __init__(self, definition: Definition) -> None:
        slots = _slots(definition)
        self._classes = definition.outline.classes
        self._own = _parameters(slots)
        self._bound: dict[str, list[ast.expr]] = {}
        self._calls: dict[str, list[ast.Call]] = {}
        self._choices: list[ast.AST] = []
        self.sets_attributes = False
        own = {id(slot) for slot in _all(slots)}
        for node in ast.walk(definition.tree):
            if id(node) not in own:
                self._note(node)

    def _note(self, node: ast.AST) -> None:
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                self._calls.setdefault(name, []).append(node)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._bound.setdefault(name, []).append(value)
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=value):
                self._bound.setdefault(f"self.{name}", []).append(value)
            case (
                ast.Attribute(ctx=ast.Store() | ast.Del())
                | ast.Subscript(value=ast.Attribute(), ctx=ast.Store() | ast.Del())
            ):
                self.sets_attributes = True
            case ast.If() | ast.IfExp() | ast.BoolOp() | ast.Match():
                self._choices.append(node)
        for name in _changed(node):
            self._own.pop(name, None)

    def chooses(self, names: set[str]) -> bool:
        """Whether some of these are called in one arm of a choice, and others in another."""
        called = sorted((call.lineno, call.col_offset, name) for name in names for call in self._calls.get(name, ()))
        if len({name for *_, name in called}) < 2:
            return False
        for choice in self._choices:
            check()
            arms = [_within(called, first, last) for first, last in _arms(choice)]
            if isinstance(choice, ast.If) and len(arms) == 1:
                arms.append({name for *_, name in called} - arms[0])
            if len({frozenset(arm) for arm in arms if arm}) > 1:
                return True
        return False

    def hands_over(self, name: str, called: _Signature) -> bool:
        """Whether any call of a name hands in more than what is as little known as a parameter. A name that is not
        called is handed to ``map`` and its like."""
        return name not in self._calls or any(
            self._tells(call, called, called.is_method and not self._is_of_class(call)) for call in self._calls[name]
        )

    def makes(self, name: str, wants: _Wants) -> bool:
        """Whether a constructor makes one of several objects of an attribute, or hands more to the making of one."""
        bound = self._bound.get(f"self.{name}", ())
        if len(bound) > 1 or any(isinstance(value, (ast.IfExp, ast.BoolOp, ast.Subscript)) for value in bound):
            return True
        return any(self._tells(call, wants.made, is_bound=True) for call in self._calls.get(wants.owner, ()))

    def _tells(self, call: ast.Call, called: _Signature, is_bound: bool) -> bool:
        spread = [given.value for given in call.args if isinstance(given, ast.Starred)]
        spread += [keyword.value for keyword in call.keywords if keyword.arg is None]
        if not all(self._told(value) == "" for value in spread):
            return True
        first = next((place for place, one in enumerate(call.args) if isinstance(one, ast.Starred)), None)
        given = dict(zip(called.positional[is_bound:], call.args[:first], strict=False))
        given.update((keyword.arg, keyword.value) for keyword in call.keywords if keyword.arg is not None)
        matter = {name: given.get(name) for name in called.matter if name in given or not spread}
        told = {name: self._told(value) if value is not None else None for name, value in matter.items()}
        return any(one is None or (one and (name, one) not in called.told) for name, one in told.items())

    def _told(self, value: ast.expr, depth: int = 4) -> str | None:
        """What is known of a value that comes from a parameter as it is; None for any other."""
        match value:
            case ast.Name(id=name) if name in self._own:
                return self._own[name]
            case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self"), attr=name):
                bound = self._bound.get(name if isinstance(value, ast.Name) else f"self.{name}", ())
                return self._told(bound[0], depth - 1) if len(bound) == 1 and depth else None
            case ast.Attribute(value=base):
                return "" if depth and self._told(base, depth - 1) is not None else None
        return None

    def _is_of_class(self, call: ast.Call) -> bool:
        """Whether a method is called on its class, and handed its object."""
        match call.func:
            case ast.Attribute(value=ast.Name(id=name)):
                return name in self._classes
        return False


def _arms(choice: ast.AST) -> list[tuple[_Placed, _Placed]]:
    """The first and the last node of each arm of a choice; of an ``if`` that leaves early, that alone."""
    match choice:
        case ast.If(body=body, orelse=[]):
            return [(body[0], body[-1])] if isinstance(body[-1], ast.Return) else []
        case ast.If(body=body, orelse=orelse):
            return [(body[0], body[-1]), (orelse[0], orelse[-1])]
        case ast.IfExp(body=first, orelse=second):
            return [(first, first), (second, second)]
        case ast.BoolOp(values=values):
            return [(value, value) for value in values]
        case ast.Match(cases=cases):
            return [(case.body[0], case.body[-1]) for case in cases]
    return []


def _within(called: list[tuple[int, int, str]], first: _Placed, last: _Placed) -> set[str]:
    """The names of the calls, in the order of the code, from one node to the end of another."""
    begin = bisect_left(called, (first.lineno, first.col_offset, ""))
    end = bisect_left(called, (last.end_lineno or last.lineno, last.end_col_offset or 0, ""))
    return {name for *_, name in called[begin:end]}


def _changed(node: ast.AST) -> Iterator[str]:
    """The names that a node binds again, or whose objects it changes."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
            yield name
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.ExceptHandler(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)) | ast.alias(asname=str(name)) | ast.alias(asname=None, name=name):
            yield name
        case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
            yield name
        case ast.Attribute(value=base, attr=method) if method.endswith("_"):
            while isinstance(base, ast.Attribute):
                base = base.value
            if isinstance(base, ast.Name):
                yield base.id
        case ast.keyword(arg="out", value=value):
            yield from (inner.id for inner in ast.walk(value) if isinstance(inner, ast.Name))
        case ast.Call(args=[ast.Name(id=name), *_], keywords=keywords) if any(k.arg == "inplace" for k in keywords):
            yield name


def _slots(definition: Definition) -> ast.arguments:
    assert isinstance(definition.tree, (ast.FunctionDef, ast.AsyncFunctionDef))
    return definition.tree.args


def _all(slots: ast.arguments) -> Iterator[ast.arg]:
    yield from (*slots.posonlyargs, *slots.args, *slots.kwonlyargs)
    yield from (one for one in (slots.vararg, slots.kwarg) if one is not None)


def _parameters(slots: ast.arguments) -> dict[str, str]:
    """What is known of each parameter: that it is a number or a flag, or has so many axes; of most nothing."""
    positional = [*slots.posonlyargs, *slots.args]
    defaults: dict[str, ast.expr | None] = {
        slot.arg: value for slot, value in zip(slots.kwonlyargs, slots.kw_defaults, strict=True)
    }
    defaults.update(
        (slot.arg, value) for slot, value in zip(reversed(positional), reversed(slots.defaults), strict=False)
    )
    return {slot.arg: _known(slot.annotation, defaults.get(slot.arg)) for slot in _all(slots)}


def _known(annotation: ast.expr | None, default: ast.expr | None) -> str:
    match annotation, default:
        case ast.Name(id="int" | "float" | "bool" as kind), _:
            return kind
        case ast.Subscript(slice=ast.Tuple(elts=[_, ast.Constant(value=str(axes))])), _:
            return axes
        case _, ast.Constant(value=bool()):
            return "bool"
    return ""
