"""Statements: what they bind, and which conditions hold after them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

import libcst as cst

from attnlint.graph.expressions import augmented
from attnlint.graph.machine import Guard, Heap, Machine
from attnlint.graph.values import (
    NONE,
    And,
    Carried,
    External,
    Function,
    Items,
    Not,
    Phi,
    Repeating,
    TorchModule,
    Unknown,
    Value,
    is_tensor,
    key,
    strip,
)
from attnlint.syntax.walk import nodes
from attnlint.time_limit import check

K = TypeVar("K")
State: TypeAlias = "tuple[dict[str, Value], Heap, Guard, bool]"
Executor: TypeAlias = Callable[[Any, Any], None]


class Statements(Machine):
    """The part of the interpreter that runs statements."""

    def execute(self, body: cst.BaseSuite | Sequence[cst.BaseStatement]) -> None:
        """Run statements until control leaves them."""
        statements = body.body if isinstance(body, cst.BaseSuite) else body
        for statement in statements:
            check()
            if not self.alive or self.exhausted:
                return
            if isinstance(statement, cst.SimpleStatementLine):
                self.execute(statement.body)  # type: ignore[arg-type]
                continue
            executor = _EXECUTORS.get(type(statement))
            if executor is not None:
                executor(self, statement)

    # -- simple statements

    def _expression(self, node: cst.Expr) -> None:
        value = self.evaluate(node.value)
        if value.origin is not None and value.origin.node is node.value:
            self.recorder.discarded.append(value)

    def _assignment(self, node: cst.Assign) -> None:
        value = self.evaluate(node.value)
        for target in node.targets:
            self.assign(target.target, value)

    def _annotated(self, node: cst.AnnAssign) -> None:
        if node.value is not None:
            self.assign(node.target, self.evaluate(node.value))

    def _augmented(self, node: cst.AugAssign) -> None:
        old = self.evaluate(node.target)
        right = self.evaluate(node.value)
        operator = augmented(node.operator)
        new = self.unknown(node, old, right) if operator is None else self.binary(operator, old, right, node)
        held = strip(old)
        if is_tensor(held) and not isinstance(node.target, cst.Subscript):
            self.name(new, held.name)
            self.replace_everywhere(held, new)
        else:
            self.assign(node.target, new)

    def _return(self, node: cst.Return) -> None:
        value = NONE if node.value is None else self.evaluate(node.value)
        self.scope.returns.append((self.guard, value))
        if self.scope.frame.depth == 0:
            self.recorder.returned.append(value)
        self.alive = False

    def _leave(self, node: cst.Raise | cst.Break | cst.Continue) -> None:
        self.alive = False

    def _assert(self, node: cst.Assert) -> None:
        self.guard = (*self.guard, self.evaluate(node.test))

    def _import(self, node: cst.Import) -> None:
        for alias in node.names:
            path = _dotted(alias.name)
            name = alias.evaluated_alias
            self.scope.names[name or path.partition(".")[0]] = External(path if name else path.partition(".")[0])

    def _import_from(self, node: cst.ImportFrom) -> None:
        if isinstance(node.names, cst.ImportStar):
            return
        base = "." * len(node.relative) + (_dotted(node.module) if node.module is not None else "")
        for alias in node.names:
            name = alias.evaluated_name
            joined = f"{base}{name}" if base.endswith(".") else f"{base}.{name}"
            self.scope.names[alias.evaluated_alias or name] = External(joined)

    def _outer(self, node: cst.Nonlocal) -> None:
        self.scope.outer.update(item.name.value for item in node.names)

    def _delete(self, node: cst.Del) -> None:
        targets = node.target.elements if isinstance(node.target, cst.Tuple) else [node]
        for target in targets:
            inner = target.value if isinstance(target, cst.Element) else node.target
            if isinstance(inner, cst.Name):
                self.scope.names.pop(inner.value, None)

    def _define(self, node: cst.FunctionDef) -> None:
        function = Function(self.scope.slice, node, self.scope, defaults=self.defaults(node.params))
        self.scope.names[node.name.value] = self.made(function, node)

    def _class(self, node: cst.ClassDef) -> None:
        self.scope.names[node.name.value] = self.unknown(node)

    # -- branches

    def save(self) -> State:
        """The state that branches start from."""
        self.heap_is_shared = True
        return dict(self.scope.names), self.heap, self.guard, self.alive

    def restore(self, state: State) -> None:
        """Go back to a saved state; it may be restored again."""
        self.scope.names, self.heap, self.guard, self.alive = dict(state[0]), state[1], state[2], state[3]
        self.heap_is_shared = True

    def _if(self, node: cst.If) -> None:
        condition = self.evaluate(node.test)
        before = self.save()
        self.guard = (*self.guard, condition)
        self.execute(node.body)
        then = self.save()
        self.restore(before)
        self.guard = (*self.guard, Not(condition))
        if isinstance(node.orelse, cst.If):
            self._if(node.orelse)
        elif node.orelse is not None:
            self.execute(node.orelse.body)
        self.join(condition, then, before, node)

    def join(self, condition: Value, then: State, before: State, node: cst.CSTNode) -> None:
        """Merge a saved arm with the current one. An arm that left contributes nothing but its negated guard."""
        if not then[3]:
            return
        if not self.alive:
            self.restore(then)
            return
        otherwise = self.save()
        self.scope.names = self._merged(condition, then[0], otherwise[0], node)
        if then[1] is not otherwise[1]:
            self.heap, self.heap_is_shared = self._merged(condition, then[1], otherwise[1], node), False
        entry = len(before[2])
        extra = [arm[2][entry + 1 :] for arm in (then, otherwise)]
        self.guard = before[2]
        if extra[0] or extra[1]:
            self.guard = (*self.guard, Phi(condition, And(extra[0]), And(extra[1])))

    def _merged(
        self, condition: Value, then: dict[Any, Value], otherwise: dict[Any, Value], node: cst.CSTNode
    ) -> dict[Any, Value]:
        merged = dict(otherwise)
        for name, value in then.items():
            other = otherwise.get(name)
            if other is None:
                merged[name] = self.choose(condition, value, Unknown(), node)
            elif other is not value:
                merged[name] = self.choose(condition, value, other, node)
                merged[name].name = name if isinstance(name, str) else f"self.{name[1]}"
        for name, other in otherwise.items():
            if name not in then:
                merged[name] = self.choose(condition, Unknown(), other, node)
        return merged

    # -- loops and other joins

    def _for(self, node: cst.For) -> None:
        source = self.evaluate(node.iter)
        inner = strip(source)
        items = inner.items if isinstance(inner, Items) else ()
        alike = inner.item if isinstance(inner, Repeating) else _one_of(items)
        item = alike if alike is not None else self.unknown(node.target, source, *items)
        if isinstance(node.target, cst.Name) and node.target.value in self._assigned_in(node.body):
            for held in items:
                self.replace_everywhere(held, self.unknown(node, held))
        self._loop(node, lambda: self.assign(node.target, item))

    def _while(self, node: cst.While) -> None:
        self._loop(node, lambda: self.evaluate(node.test))

    def _loop(self, node: cst.For | cst.While, start: Callable[[], object]) -> None:
        for name in self._assigned_in(node.body):
            entry = self.scope.names.get(name)
            if entry is not None:
                self.scope.names[name] = self.made(Carried(entry), node)
                self.scope.names[name].name = name
        changed = self._attributes_in(node.body)
        for place, entry in list(self.heap.items()):
            if place[1] in changed:
                carried = self.made(Carried(entry), node)
                self.heap, self.heap_is_shared = {**self.heap, place: carried}, False
        before = self.save()
        ran = self.unknown(node)
        self.guard = (*self.guard, ran)
        start()
        self.execute(node.body)
        body = self.save()
        names, heap = self._unforeseen(body[0], before[0], node), self._unforeseen(body[1], before[1], node)
        self.restore(before)
        if body[3]:
            self.guard = (*self.guard, Not(ran))
            self.join(ran, (names, heap, (*before[2], ran), True), before, node)
        if node.orelse is not None:
            self._maybe(node.orelse.body, node)

    def _unforeseen(self, body: dict[K, Value], before: dict[K, Value], node: cst.CSTNode) -> dict[K, Value]:
        """What a loop's body changed through a function that it calls may change again at every turn."""
        return {
            place: value
            if before.get(place, value) is value or isinstance(before[place], Carried)
            else self.unknown(node, before[place], value)
            for place, value in body.items()
        }

    def _maybe(self, body: cst.BaseSuite, node: cst.CSTNode) -> None:
        """Statements that run or do not."""
        before, ran = self.save(), self.unknown(node)
        self.guard = (*self.guard, ran)
        self.execute(body)
        done = self.save()
        self.restore(before)
        self.guard = (*self.guard, Not(ran))
        self.join(ran, done, before, node)

    def _attributes_in(self, body: cst.BaseSuite) -> frozenset[str]:
        """Names of attributes that a loop's body may change."""
        return frozenset(name[1:] for name in self._assigned_in(body) if name.startswith("."))

    def _assigned_in(self, body: cst.BaseSuite) -> frozenset[str]:
        known = self.module.assigned.get(id(body))
        if known is None:
            known = self.module.assigned[id(body)] = frozenset(_assigned_names(body))
        return known

    def _try(self, node: cst.Try | cst.TryStar) -> None:
        failed = self.unknown(node)
        before = self.save()
        self.guard = (*self.guard, Not(failed))
        self.execute(node.body)
        done = self.save()[0]
        if node.orelse is not None and self.alive:
            self.execute(node.orelse.body)
        passed = self.save()
        self.restore(before)
        self.guard = (*self.guard, failed)
        self.scope.names = self._merged(self.unknown(node), done, self.scope.names, node)
        self._handle(list(node.handlers), node)
        self.join(Not(failed), passed, before, node)
        if node.finalbody is not None:
            alive, self.alive = self.alive, True
            self.execute(node.finalbody.body)
            self.alive = alive and self.alive

    def _handle(self, handlers: list[cst.ExceptHandler | cst.ExceptStarHandler], node: cst.CSTNode) -> None:
        """One of the handlers runs, or none and the exception goes on."""
        if not handlers:
            self.alive = False
            return
        before, chosen = self.save(), self.unknown(handlers[0])
        self.guard = (*self.guard, chosen)
        if handlers[0].name is not None and isinstance(handlers[0].name.name, cst.Name):
            self.scope.names[handlers[0].name.name.value] = self.unknown(handlers[0])
        self.execute(handlers[0].body)
        ran = self.save()
        self.restore(before)
        self.guard = (*self.guard, Not(chosen))
        self._handle(handlers[1:], node)
        self.join(chosen, ran, before, node)

    def _with(self, node: cst.With) -> None:
        for item in node.items:
            value = self.evaluate(item.item)
            if item.asname is not None:
                self.assign(item.asname.name, self.unknown(item, value))
        if not any(_suppresses(item.item) for item in node.items):
            self.execute(node.body)
            return
        before, whole = self.save(), self.unknown(node)
        self.execute(node.body)
        done = self.save()
        self.restore((self._merged(self.unknown(node), done[0], before[0], node), *before[1:]))
        self.join(whole, done, before, node)

    def _match(self, node: cst.Match) -> None:
        subject = self.evaluate(node.subject)
        before = self.save()
        for case in node.cases:
            done = self.save()
            self.restore(before)
            chosen = self.unknown(case, subject)
            self.guard = (*before[2], chosen)
            for name in _assigned_names(case.pattern):
                self.scope.names[name] = self.unknown(case, subject)
            self.execute(case.body)
            self.join(
                Not(chosen),
                (done[0], done[1], (*before[2], Not(chosen), *done[2][len(before[2]) :]), done[3]),
                before,
                node,
            )


def _one_of(items: Sequence[Value]) -> Value | None:
    """What every turn of a loop over modules of torch gets, where all of them were made alike; else None."""
    made = [strip(item) for item in items]
    first = made[0] if made else None
    if not isinstance(first, TorchModule):
        return None
    built = [key(argument) for argument in first.arguments]
    for other in made[1:]:
        if not isinstance(other, TorchModule) or (other.kind, other.names) != (first.kind, first.names):
            return None
        if [key(argument) for argument in other.arguments] != built:
            return None
    return first


def _suppresses(context: cst.BaseExpression) -> bool:
    """``contextlib.suppress(…)``: the body may stop half way."""
    return isinstance(context, cst.Call) and _dotted(context.func).rpartition(".")[2] == "suppress"


def _dotted(node: cst.BaseExpression | None) -> str:
    if isinstance(node, cst.Attribute):
        return f"{_dotted(node.value)}.{node.attr.value}"
    return node.value if isinstance(node, cst.Name) else ""


_MUTATORS = frozenset({"append", "extend", "insert", "pop", "update", "clear", "remove", "setdefault"})


def _assigned_names(body: cst.CSTNode) -> set[str]:
    """Names that are bound or changed in place inside a block, nested functions left out; attributes as ``.name``."""
    names: set[str] = set()
    for node in nodes(body, without=_NESTED):
        if type(node) not in _BINDERS:
            continue
        match node:
            case cst.AssignTarget(target=target) | cst.AnnAssign(target=target) | cst.AugAssign(target=target):
                names.update(_targets(target))
            case cst.For(target=target) | cst.NamedExpr(target=target):
                names.update(_targets(target))
            case cst.Call(func=cst.Attribute(value=changed, attr=cst.Name(value=method))):
                if method in _MUTATORS or (method.endswith("_") and not method.startswith("_")):
                    names.update(_targets(changed))
            case cst.MatchAs(name=cst.Name(value=name)):
                names.add(name)
    return names


_BINDERS = frozenset({cst.AssignTarget, cst.AnnAssign, cst.AugAssign, cst.For, cst.NamedExpr, cst.Call, cst.MatchAs})


_NESTED = (cst.FunctionDef, cst.Lambda)


def _targets(target: cst.BaseExpression) -> Iterator[str]:
    match target:
        case cst.Name(value=name):
            yield name
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            for element in elements:
                yield from _targets(element.value)
        case cst.Subscript(value=value) | cst.StarredElement(value=value):
            yield from _targets(value)
        case cst.Attribute(attr=cst.Name(value=name)):
            yield f".{name}"


_EXECUTORS: dict[type, Executor] = {
    cst.Expr: Statements._expression,
    cst.Assign: Statements._assignment,
    cst.AnnAssign: Statements._annotated,
    cst.AugAssign: Statements._augmented,
    cst.Return: Statements._return,
    cst.Raise: Statements._leave,
    cst.Break: Statements._leave,
    cst.Continue: Statements._leave,
    cst.Assert: Statements._assert,
    cst.Import: Statements._import,
    cst.ImportFrom: Statements._import_from,
    cst.Del: Statements._delete,
    cst.Nonlocal: Statements._outer,
    cst.FunctionDef: Statements._define,
    cst.ClassDef: Statements._class,
    cst.If: Statements._if,
    cst.For: Statements._for,
    cst.While: Statements._while,
    cst.Try: Statements._try,
    cst.TryStar: Statements._try,
    cst.With: Statements._with,
    cst.Match: Statements._match,
}
