"""Binding values to targets: names, attributes, subscripts, and everything that unpacks."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from attnlint.graph.facts import Facts
from attnlint.graph.machine import Machine
from attnlint.graph.shapes import ONE, integer
from attnlint.graph.values import (
    NONE,
    TENSOR,
    Arange,
    Assigned,
    Constant,
    Extent,
    External,
    FromData,
    Index,
    Instance,
    Items,
    Mapping,
    MaskedFill,
    MultiHead,
    Parameter,
    Phi,
    Piece,
    Pieces,
    Recurrent,
    Repeating,
    Select,
    Shape,
    Slicing,
    Spread,
    TorchModule,
    Value,
    strip,
)
from attnlint.graph.worlds import Undecided, World


class Bindings(Machine):
    """The part of the interpreter that binds and unpacks."""

    def assign(self, target: cst.BaseExpression, value: Value) -> None:
        """Bind a target."""
        match target:
            case cst.Name(value=name):
                self.bind(name, value)
            case cst.Attribute(value=base, attr=attr):
                owner = strip(self.evaluate(base))
                self._call_it(value, f"{base.value}.{attr.value}" if isinstance(base, cst.Name) else attr.value)
                self.store(owner, attr.value, value, target)
                self.recorder.kept.append(value)
            case cst.Subscript():
                self._assign_item(target, value)
            case cst.Tuple() | cst.List():
                self._unpack_into(target, value)
            case cst.StarredElement(value=inner):
                self.assign(inner, value)

    def bind(self, name: str, value: Value) -> None:
        """Bind a local name; the first name a value is bound to is how messages call it."""
        self._call_it(value, name)
        scope = self.scope
        while name in scope.outer and scope.parent is not None:
            scope = scope.parent
        scope.names[name] = value

    def _assign_item(self, target: cst.Subscript, value: Value) -> None:
        base = self.evaluate(target.value)
        keys = self.keys_of(target)
        held = strip(base)
        if isinstance(held, _CONTAINERS):
            self.recorder.kept.append(value)
            return
        chosen = strip(keys[0]) if len(keys) == 1 else None
        new: Value
        if chosen is not None and not isinstance(chosen, (Slicing, Constant, Arange)) and _is_number_like(value):
            new = MaskedFill(base, keys[0], value)
        else:
            new = Assigned(base, tuple(keys), value)
        new.name = held.name
        self.replace_everywhere(held, self.made(new, target))

    def _call_it(self, value: Value, name: str) -> None:
        if not isinstance(value, Parameter):
            self.name(value, name)

    def _unpack_into(self, target: cst.Tuple | cst.List, value: Value) -> None:
        elements = target.elements
        starred = next((i for i, e in enumerate(elements) if isinstance(e, cst.StarredElement)), None)
        values = self.unpack(value, len(elements), starred, target)
        for element, item in zip(elements, values, strict=True):
            self.assign(element.value, item)

    def unpack(self, value: Value, count: int, starred: int | None, node: cst.CSTNode) -> Sequence[Value]:
        """``count`` targets out of one value; the one at ``starred`` takes a list."""
        inner = strip(value)
        match inner:
            case Phi(condition=condition, then=then, otherwise=otherwise):
                pairs = zip(
                    self.unpack(then, count, starred, node), self.unpack(otherwise, count, starred, node), strict=True
                )
                return [self.choose(condition, one, two, node) for one, two in pairs]
            case Shape(x=x):
                return self._extents(x, count, starred, node)
            case Index(x=x) if isinstance(strip(x), Shape):
                return self._trailing_extents(inner, count, starred, node)
            case Pieces() if starred is None:
                return [self.piece(inner, index, node) for index in range(count)]
            case MultiHead() | Recurrent() if count > 1:
                first, second = self.results(inner, node)
                rest = [self.unknown(node, inner) for _ in range(count - 2)]
                return [first, second, *rest] if starred != 0 else [self.unknown(node, inner), *rest, second]
            case Repeating(item=item):
                return [item] * count
        if isinstance(inner, Items) and starred is None:
            around = self._around_spread(inner.items, count, node)
            if around is not None:
                return around
        items = self.iterate(inner)
        if items is not None:
            return self._distributed(items, count, starred, node, inner)
        if isinstance(inner, TENSOR) and starred is None:
            return [self.made(Select(inner, Constant(0), Constant(i)), node) for i in range(count)]
        return [self.unknown(node, inner) for _ in range(count)]

    def _around_spread(self, items: tuple[Value, ...], count: int, node: cst.CSTNode) -> Sequence[Value] | None:
        """``b, n, _, h = *x.shape, heads``: the one spread item takes what the others leave."""
        at = [i for i, item in enumerate(items) if isinstance(item, Spread)]
        length = count - len(items) + 1
        if len(at) != 1 or length < 0:
            return None
        item = items[at[0]]
        assert isinstance(item, Spread)
        middle = self.unpack(item.x, length, None, node)
        return [*items[: at[0]], *middle, *items[at[0] + 1 :]]

    def _distributed(
        self, items: Sequence[Value], count: int, starred: int | None, node: cst.CSTNode, whole: Value
    ) -> Sequence[Value]:
        if starred is None:
            return items if len(items) == count else [self.unknown(node, whole) for _ in range(count)]
        after = count - starred - 1
        if len(items) < count - 1:
            return [self.unknown(node, whole) for _ in range(count)]
        middle = self.made(Items(tuple(items[starred : len(items) - after])), node)
        return [*items[:starred], middle, *items[len(items) - after :]]

    def _extents(self, x: Value, count: int, starred: int | None, node: cst.CSTNode) -> Sequence[Value]:
        if starred is None:
            self.recorder.observations.rank(x, count, self.guard)
            return [self.made(Extent(x, axis), node) for axis in range(count)]
        before = [self.made(Extent(x, axis), node) for axis in range(starred)]
        after = [self.made(Extent(x, axis - count), node) for axis in range(starred + 1, count)]
        rest = self.made(Index(Shape(x), (Slicing(Constant(starred), _end(after), NONE),)), node)
        return [*before, rest, *after]

    def _trailing_extents(self, value: Value, count: int, starred: int | None, node: cst.CSTNode) -> Sequence[Value]:
        """``b, t = x.shape[:-1]``."""
        assert isinstance(value, Index)
        shape, cut = strip(value.x), value.keys[0]
        if isinstance(shape, Shape) and starred is None and isinstance(cut, Slicing):
            lower, upper = strip(cut.lower), strip(cut.upper)
            if isinstance(lower, Constant) and isinstance(upper, Constant):
                start, stop = lower.value or 0, upper.value
                if start >= 0 and isinstance(stop, int) and stop < 0:
                    self.recorder.observations.rank(shape.x, count + start - stop, self.guard)
                    return [self.made(Extent(shape.x, start + i), node) for i in range(count)]
                if start >= 0 and stop is None:
                    self.recorder.observations.rank(shape.x, count + start, self.guard)
                    return [self.made(Extent(shape.x, start + i), node) for i in range(count)]
        return [self.unknown(node, value) for _ in range(count)]

    def piece(self, pieces: Pieces, index: int, node: cst.CSTNode) -> Value:
        """One of the tensors that chunk, split or unbind give."""
        if pieces.how == "unbind":
            return self.made(Select(pieces.x, pieces.axis, Constant(index)), node)
        if pieces.how == "chunk":
            return self.made(Piece(pieces.x, pieces.axis, index, None, pieces.size), node)
        size = strip(pieces.size) if pieces.size is not None else None
        if isinstance(size, Items):
            size = size.items[index] if index < len(size.items) else None
        return self.made(Piece(pieces.x, pieces.axis, index, size), node)

    def iterate(self, value: Value) -> tuple[Value, ...] | None:
        """The items of an iterable, None where their number is not known."""
        inner = strip(value)
        match inner:
            case Items(items=items) if not any(isinstance(item, Spread) for item in items):
                return items
            case Constant(value=str() as text) if len(text) <= 16:
                return tuple(Constant(letter) for letter in text)
            case Pieces(how="chunk", size=size) if size is not None:
                count = strip(size)
                if isinstance(count, Constant) and isinstance(count.value, int) and 0 < count.value <= 16:
                    return tuple(self._piece_of(inner, index) for index in range(count.value))
            case Pieces(how="split", size=size) if size is not None:
                sizes = strip(size)
                if isinstance(sizes, Items):
                    return tuple(self._piece_of(inner, index) for index in range(len(sizes.items)))
            case Pieces():
                length = self._count(inner)
                if length is not None:
                    return tuple(self._piece_of(inner, index) for index in range(length))
        return None

    def _count(self, pieces: Pieces) -> int | None:
        """How many tensors unbind or split give, where the extent of the axis is a number."""
        facts = Facts(World(), self.recorder.observations)
        try:
            shape, axis = facts.shape(pieces.x), integer(pieces.axis, facts)
            extent = shape.axis(axis) if shape is not None and axis is not None else None
            size = facts.scalar(pieces.size) if pieces.size is not None else ONE
        except Undecided:
            return None
        count = extent / size if extent is not None and size is not None else None
        if count is None or not count.is_number or not count.coefficient.is_integer():
            return None
        return int(count.coefficient) if 0 < count.coefficient <= 16 else None

    def _piece_of(self, pieces: Pieces, index: int) -> Value:
        node = pieces.origin.node if pieces.origin else cst.Pass()
        return self.piece(pieces, index, node)


_CONTAINERS = (Items, Repeating, Constant, Mapping, Instance, External, TorchModule)
"""What is not a tensor: assigning an item of it makes no new value."""


def _end(after: Sequence[Value]) -> Value:
    return Constant(-len(after)) if after else NONE


def _is_number_like(value: Value) -> bool:
    inner = strip(value)
    return not isinstance(inner, TENSOR) or isinstance(inner, FromData)
