"""Subscripts: items of containers, extents of shapes, parts of tensors."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from attnlint.graph import ops
from attnlint.graph.machine import Machine
from attnlint.graph.values import (
    NONE,
    Constant,
    Extent,
    External,
    Index,
    Items,
    Mapping,
    MultiHead,
    Phi,
    Pieces,
    Recurrent,
    Repeating,
    Shape,
    Slicing,
    Spread,
    Unknown,
    Value,
    literal,
    strip,
)


class Subscripts(Machine):
    """The part of the interpreter that subscripts."""

    def keys_of(self, node: cst.Subscript) -> tuple[Value, ...]:
        """The subscripts as values."""
        keys: list[Value] = []
        for element in node.slice:
            if isinstance(element.slice, cst.Slice):
                bounds = (element.slice.lower, element.slice.upper, element.slice.step)
                lower, upper, step = (NONE if b is None else self.evaluate(b) for b in bounds)
                keys.append(self.made(Slicing(lower, upper, step), node))
            elif isinstance(element.slice, cst.Index):
                keys.append(self.evaluate(element.slice.value))
        only = node.slice[0].slice
        if len(keys) == 1 and not (isinstance(only, cst.Index) and isinstance(only.value, cst.List)):
            inner = strip(keys[0])
            return inner.items if isinstance(inner, Items) else tuple(keys)
        return tuple(keys)

    def subscript(self, base: Value, keys: Sequence[Value], node: cst.CSTNode) -> Value:
        """The value of ``base[keys]``."""
        inner = strip(base)
        key = strip(keys[0]) if len(keys) == 1 else None
        match inner:
            case Phi(then=then, otherwise=otherwise) if _is_container(then) or _is_container(otherwise):
                one, two = self.subscript(then, keys, node), self.subscript(otherwise, keys, node)
                return self.choose(inner.condition, one, two, node)
            case External(path="sys.modules"):
                return self.made(External("<module>"), node)
            case Repeating(item=item) if not isinstance(key, Slicing):
                return item
            case Repeating():
                return inner
            case MultiHead() | Recurrent() if isinstance(key, Constant) and key.value in (0, 1, -1, -2):
                return self.results(inner, node)[key.value]
            case Items(items=items):
                return self._item(items, key, node, inner)
            case Mapping() if isinstance(key, Phi):
                one, two = self.subscript(base, (key.then,), node), self.subscript(base, (key.otherwise,), node)
                return self.choose(key.condition, one, two, node)
            case Mapping(keys=names, items=items) if isinstance(key, Constant) and key.value in names:
                return items[names.index(key.value)]
            case Shape(x=x) if isinstance(key, Constant) and isinstance(key.value, int):
                return self.made(Extent(x, key.value), node)
            case Shape(x=x) if isinstance(key, Slicing):
                return self._shape_slice(inner, x, key, node)
            case Pieces():
                known = self.iterate(inner)
                if known is not None:
                    return self._item(known, key, node, inner)
                if isinstance(key, Constant) and isinstance(key.value, int) and key.value >= 0:
                    return self.piece(inner, key.value, node)
                return self.unknown(node, base)
        if isinstance(inner, (Unknown, Constant)) and not keys:
            return self.unknown(node, base)
        return self.made(ops.subscript(base, tuple(keys)), node)

    def _item(self, items: tuple[Value, ...], key: Value | None, node: cst.CSTNode, base: Value) -> Value:
        if any(isinstance(item, Spread) for item in items):
            return self.unknown(node, base, *((key,) if key is not None else ()))
        if isinstance(key, Constant) and isinstance(key.value, int) and -len(items) <= key.value < len(items):
            return items[key.value]
        if isinstance(key, Slicing):
            bounds = [literal(b) for b in (key.lower, key.upper, key.step)]
            if all(b is None or isinstance(b, int) for b in bounds):
                return self.made(Items(items[slice(*bounds)]), node)
        return self.unknown(node, *items)

    def _shape_slice(self, whole: Shape, x: Value, key: Slicing, node: cst.CSTNode) -> Value:
        lower, upper, step = (literal(b) for b in (key.lower, key.upper, key.step))
        if not all(b is None or isinstance(b, int) for b in (lower, upper, step)):
            return self.unknown(node, whole)
        if step is None and upper is not None and (lower or 0) >= 0 and upper > 0:
            extents = (self.made(Extent(x, i), node) for i in range(lower or 0, upper))
            return self.made(Items(tuple(extents)), node)
        if step is None and upper is None and lower is not None and lower < 0:
            return self.made(Items(tuple(self.made(Extent(x, i), node) for i in range(lower, 0))), node)
        return self.made(Index(whole, (key,)), node)


def _is_container(value: Value) -> bool:
    return isinstance(strip(value), (Items, Mapping, MultiHead, Pieces, Recurrent, Repeating, Shape))
