"""Calls: rows of the op table, torch's modules, and definitions of this module entered with the call's arguments."""

from __future__ import annotations

from itertools import takewhile

import libcst as cst

from attnlint.graph import builtin_calls, equations, ops
from attnlint.graph.machine import CallArguments, Machine, Store
from attnlint.graph.modules import MODULES
from attnlint.graph.values import (
    NONE,
    Attribute,
    Carried,
    Class,
    Constant,
    Embedding,
    Expand,
    External,
    Flatten,
    Frame,
    Function,
    Index,
    Instance,
    Items,
    Mapping,
    Not,
    Partial,
    Permute,
    Phi,
    Piece,
    Product,
    Pure,
    Rearrange,
    Repeating,
    Select,
    Spread,
    Squeeze,
    Super,
    TorchModule,
    Transpose,
    Unflatten,
    Unknown,
    Unsqueeze,
    Value,
    View,
    literal,
    strip,
)
from attnlint.syntax.outline import ClassOutline, Definition

_OBJECTS = (External, Function, Partial, Class, Instance, Super, TorchModule, Items, Repeating, Mapping, Constant)
_MUTATORS = ("append", "extend", "insert", "pop", "update", "clear", "remove", "setdefault", "reverse", "sort")
_VIEWS = (Select, Index, View, Transpose, Permute, Unsqueeze, Squeeze, Expand, Flatten, Unflatten, Piece)
_REGISTRATIONS = ("register_buffer", "register_parameter", "add_module", "register_module")
_OPERANDS = frozenset({"batch1", "batch2", "condition", "mask", "other", "value", "vec2"})
"""What tables call the operands of a method beside its tensor."""
_FEW = 3
"""An embedding of so few rows may be read with a mask, or with the number of a segment."""
_SEQUENTIAL = ("torch.nn.Sequential", "torch.nn.modules.container.Sequential")


class Calls(Machine):
    """The part of the interpreter that calls."""

    def call(self, function: Value, arguments: CallArguments, node: cst.CSTNode) -> Value:
        """The result of a call."""
        callee = strip(function)
        match callee:
            case Phi(condition=condition, then=then, otherwise=otherwise):
                with self.assuming(condition):
                    one = self.call(then, arguments, node)
                with self.assuming(Not(condition)):
                    two = self.call(otherwise, arguments, node)
                return self.choose(condition, one, two, node)
            case External(path=path):
                return self._call_external(path, arguments, node)
            case Function():
                return self.enter(callee, arguments, node)
            case Partial(function=inner, positional=positional, names=names, keywords=keywords):
                merged = {**dict(zip(names, keywords, strict=True)), **arguments.keywords}
                whole = CallArguments((*positional, *arguments.positional), merged, arguments.open_ended)
                return self.call(inner, whole, node)
            case Class(outline=outline):
                return self.instantiate(outline, arguments, node)
            case Instance(outline=outline):
                return self.call_instance(callee, outline, arguments, node)
            case TorchModule():
                return self._call_module(callee, arguments, node)
            case Attribute(base=base, member=member):
                return self._call_method(base, member, arguments, node)
        return self._opaque(function, arguments, node)

    def _opaque(self, function: Value, arguments: CallArguments, node: cst.CSTNode) -> Value:
        if function.name in ops.DISPATCHERS:
            return self._dispatched(function.name, arguments, node)
        return self.unknown(node, function, *arguments.all())

    # -- what is outside the module

    def _call_external(self, path: str, arguments: CallArguments, node: cst.CSTNode) -> Value:
        row = ops.FUNCTIONS.get(path)
        if row is not None:
            return self._call_row(row, arguments, node)
        if path in MODULES or path in _SEQUENTIAL:
            return self._construct(path, arguments, node)
        handler = builtin_calls.HANDLERS.get(path)
        if handler is not None:
            value = handler(self, arguments, node)
            if value is not None:
                return value
        last = path.rpartition(".")[2]
        if ".init." in path and last.endswith("_") and arguments.positional:
            self.replace_everywhere(arguments.positional[0], self.unknown(node, arguments.positional[0]))
        if last in ops.DISPATCHERS:
            return self._dispatched(last, arguments, node)
        if _asks_about_the_run(last, arguments):
            return self.made(Pure(path, arguments.positional), node)
        return self.unknown(node, *arguments.all())

    def _dispatched(self, name: str, arguments: CallArguments, node: cst.CSTNode) -> Value:
        bound = ops.DISPATCHERS[name].bind(arguments.positional, arguments.keywords, arguments.open_ended)
        return self.unknown(node, *arguments.all()) if bound is None else self.made(ops.dispatched(bound), node)

    def _call_row(self, row: ops.Row, arguments: CallArguments, node: cst.CSTNode) -> Value:
        fits = row.signature.variadic is not None or not any(
            isinstance(value, Spread) for value in arguments.positional
        )
        bound = row.signature.bind(arguments.positional, arguments.keywords, arguments.open_ended) if fits else None
        if bound is None:
            return self.unknown(node, *arguments.all())
        value = self.adopted(row.build(bound), node)
        if "device" in bound.others:
            self.recorder.placed.add(id(value))
        target = bound.others.get("out")
        if target is not None:
            self.replace_everywhere(target, value)
        self._observe(value)
        return value

    def _observe(self, value: Value) -> None:
        """What a pattern says about the ranks of its operands."""
        seen = self.recorder.observations
        if isinstance(value, Embedding):
            seen.index(value.x)
        elif isinstance(value, Rearrange):
            parsed = equations.parse_pattern(value.pattern)
            if parsed is not None and ("...",) not in parsed[0]:
                seen.rank(value.x, len(parsed[0]), self.guard)
        elif isinstance(value, Product) and value.equation is not None:
            for operand, letters in zip((value.left, value.right), value.equation, strict=False):
                if "..." not in letters:
                    seen.rank(operand, len(letters), self.guard)

    def _construct(self, path: str, arguments: CallArguments, node: cst.CSTNode) -> Value:
        if path in _SEQUENTIAL:
            steps = self.made(Items(arguments.positional), node)
            return self.made(TorchModule(path, ("modules",), (steps,)), node)
        row = MODULES[path]
        bound = row.signature.bind(arguments.positional, arguments.keywords, arguments.open_ended)
        if bound is None:
            return self.unknown(node, *arguments.all())
        named = {s.spellings[0]: getattr(bound, s.spellings[0]) for s in row.signature.slots}
        given = {**{n: v for n, v in named.items() if v is not NONE}, **bound.others}
        return self.made(TorchModule(path, tuple(given), tuple(given.values())), node)

    def _call_module(self, module: TorchModule, arguments: CallArguments, node: cst.CSTNode) -> Value:
        if module.kind in _SEQUENTIAL:
            steps = module.arguments[0]
            assert isinstance(steps, Items)
            value = arguments.positional[0] if arguments.positional else self.unknown(node)
            for step in steps.items:
                value = self.call(step, CallArguments((value,)), node)
            return value
        first = arguments.positional[0] if arguments.positional else next(iter(arguments.keywords.values()), None)
        if first is None:
            return self.unknown(node, *arguments.all())
        value = MODULES[module.kind].apply(module, first, arguments)
        width = module.argument("in_features")
        if width is not None:
            self.recorder.observations.extent(first, -1, width, self.guard)
        rows = literal(module.argument("num_embeddings") or NONE)
        if isinstance(value, Embedding) and not (isinstance(rows, int) and rows <= _FEW):
            self.recorder.observations.index(first)
        return self.adopted(value, node)

    # -- methods of tensors

    def _call_method(self, base: Value, member: str, arguments: CallArguments, node: cst.CSTNode) -> Value:
        if member in ops.DISPATCHERS:
            return self._dispatched(member, arguments, node)
        if member in _REGISTRATIONS and self._register(base, arguments, node):
            return NONE
        if member in _MUTATORS and _is_container(strip(base)):
            return self._mutated(base, member, arguments, node)
        if _may_be_function(base, member, arguments):
            return self.unknown(node, base, *arguments.all())
        in_place = member.endswith("_") and not member.endswith("__") and member != "requires_grad_"
        row = ops.METHODS.get(member.removesuffix("_") if in_place else member)
        whole = CallArguments((base, *arguments.positional), arguments.keywords, arguments.open_ended)
        result = self.unknown(node, *whole.all()) if row is None else self._call_row(row, whole, node)
        if member in ("to", "cuda") and result is base:
            self.recorder.placed.add(id(strip(base)))
        if in_place and member.removesuffix("_") and result is not base:
            self.name(result, strip(base).name)
            self.replace_everywhere(base, result)
            self._changed_whole(base, node)
        if member == "requires_grad_" and result is not base:
            self.replace_everywhere(base, result)
        return result

    def _changed_whole(self, part: Value, node: cst.CSTNode) -> None:
        """A part or a view was changed in place: what it is a part of holds other numbers now."""
        whole = strip(part)
        while isinstance(whole, _VIEWS):
            whole = strip(next(whole.operands()))
            self.replace_everywhere(whole, self.unknown(node, whole))

    def _mutated(self, base: Value, member: str, arguments: CallArguments, node: cst.CSTNode) -> Value:
        """A list or dict after ``append`` and its like."""
        inner = strip(base)
        self.recorder.kept.extend(arguments.all())
        if member in ("append", "insert") and arguments.positional:
            added_last = arguments.positional[-1]
            self.recorder.stores.append(Store(base, member, added_last, self.here(node), appends=True))
        is_list = not isinstance(inner, Mapping) and len(arguments.positional) == 1
        if is_list and member in ("append", "extend"):
            added = arguments.positional if member == "append" else self._spread_out(arguments.positional[0], node)
            changed: Value = Items((*self._spread_out(inner, node), *added), _registers(inner))
        else:
            changed = Unknown((base, *arguments.all()))
        changed.name = inner.name
        self.replace_everywhere(inner, self.made(changed, node))
        return self.unknown(node, base) if member in ("pop", "setdefault") else NONE

    def _spread_out(self, items: Value, node: cst.CSTNode) -> tuple[Value, ...]:
        """The items of a list, of which some may stand for any number of further ones."""
        inner = strip(items)
        return inner.items if isinstance(inner, Items) else (self.made(Spread(items), node),)

    def _register(self, base: Value, arguments: CallArguments, node: cst.CSTNode) -> bool:
        """``self.register_buffer("mask", tensor)`` sets an attribute."""
        given = [*arguments.positional, *arguments.keywords.values()]
        name = strip(given[0]) if len(given) > 1 else None
        if not (isinstance(name, Constant) and isinstance(name.value, str)):
            return False
        held = given[1]
        self.name(held, f"self.{name.value}")
        self.store(strip(base), name.value, held, node, registers=True)
        return True

    # -- attributes

    def attribute(self, base: Value, member: str, node: cst.CSTNode) -> Value:
        """The value of ``base.member``."""
        inner = strip(base)
        held = self.heap.get((id(inner), member))
        if held is not None:
            return self.read(base, member, held, node)
        match inner:
            case External(path=path):
                return self.made(External(f"{path}.{member}"), node)
            case Phi(condition=condition, then=then, otherwise=otherwise) if isinstance(
                strip(then), _OBJECTS
            ) or isinstance(strip(otherwise), _OBJECTS):
                one, two = self.attribute(then, member, node), self.attribute(otherwise, member, node)
                return self.choose(condition, one, two, node)
            case Instance(outline=outline):
                return self._member(inner, outline, member, node)
            case Class(outline=outline):
                found = self.module.method(outline, member)
                return (
                    self._function(found[0], found[1], None, node)
                    if found
                    else self._class_level(base, outline, member, node)
                )
            case Super(receiver=receiver, owner=owner):
                found = self.module.method(_class_of(receiver, owner), member, after=owner)
                if found is None:
                    return self.made(External(f"<super>.{member}"), node)
                return self._function(found[0], found[1], receiver, node)
            case TorchModule():
                return self.read(base, member, inner.argument(member), node)
        reader = builtin_calls.READS.get(member)
        return self.made(reader(inner), node) if reader is not None else self.read(base, member, None, node)

    def _member(self, instance: Instance, outline: ClassOutline, member: str, node: cst.CSTNode) -> Value:
        found = self.module.method(outline, member)
        if found is None:
            if member == "training" and self._constructs():
                return self.read(instance, member, Constant(True), node)
            return self._class_level(instance, outline, member, node)
        method, owner = found
        receiver = None if "staticmethod" in method.decorators else instance
        function = self._function(method, owner, receiver, node)
        if any(d.rpartition(".")[2] in ("property", "cached_property") for d in method.decorators):
            return self.read(instance, member, self.call(function, CallArguments(), node), node)
        if not instance.exact and self.module.is_overridden(outline, member):
            return self.choose(self.unknown(node), function, self.unknown(node), node)
        return function

    def _constructs(self) -> bool:
        """Whether a constructor is being run: modules are in training mode then."""
        frame: Frame | None = self.scope.frame
        while frame is not None:
            if frame.definition is not None and frame.definition.name == "__init__":
                return True
            frame = frame.caller
        return False

    def _function(self, method: Definition, owner: ClassOutline, receiver: Value | None, node: cst.CSTNode) -> Value:
        return self.made(Function(receiver=receiver, owner=owner, definition=method), node)

    def _class_level(self, base: Value, outline: ClassOutline, member: str, node: cst.CSTNode) -> Value:
        lines = self.module.class_assignment(outline, member)
        value = None if lines is None else self.class_level(outline, member)
        return self.read(base, member, value, node)


def _may_be_function(base: Value, member: str, arguments: CallArguments) -> bool:
    """Whether what looks like a tensor's method may be a function of a module, which takes the tensor first.

    What nothing binds may be either. It is a tensor if the first argument is a literal, or if a function would lack an
    operand: ``x.transpose(1, 2)``, ``x.matmul(y)``.
    """
    inner, given = strip(base), arguments.positional
    if not (isinstance(inner, Unknown) and inner.is_unbound and given) or isinstance(strip(given[0]), Constant):
        return False
    row = ops.METHODS.get(member.removesuffix("_"))
    slots = row.signature.slots[1:] if row is not None else ()
    operands = sum(1 for _ in takewhile(lambda slot: not _OPERANDS.isdisjoint(slot.spellings), slots))
    return len(given) > operands


def _asks_about_the_run(name: str, arguments: CallArguments) -> bool:
    """``torch.jit.is_scripting()``: a question about how the code runs, to which all calls get one answer."""
    fixed = all(isinstance(strip(value), (Constant, External)) for value in arguments.positional)
    is_question = name.lstrip("_").startswith(("is_", "has_"))
    return is_question and fixed and not arguments.keywords and not arguments.open_ended


def _is_container(value: Value) -> bool:
    """A list or dict, also one that a loop goes on with."""
    return isinstance(strip(value.entry) if isinstance(value, Carried) else value, (Items, Mapping, Repeating))


def _registers(value: Value) -> bool:
    """Whether a list is an ``nn.ModuleList``."""
    held = strip(value.entry) if isinstance(value, Carried) else value
    return isinstance(held, (Items, Repeating)) and held.registers


def _class_of(receiver: Value, owner: ClassOutline) -> ClassOutline:
    inner = strip(receiver)
    return inner.outline if isinstance(inner, Instance) else owner
