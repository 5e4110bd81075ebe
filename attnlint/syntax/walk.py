"""Walks over libcst's trees that pass white space by: it makes up two thirds of the nodes and means nothing."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

_WHITESPACE = frozenset({"leading_lines", "header", "footer", "lpar", "rpar", "comma", "semicolon", "indent"})
_fields: dict[type, tuple[str, ...]] = {}


def nodes(root: cst.CSTNode, *, without: tuple[type[cst.CSTNode], ...] = ()) -> Iterator[cst.CSTNode]:
    """A node and all that it contains, but for what stands in a node of the classes ``without``."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(child for child in children(node) if type(child) not in without)


def children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The nodes right below a node, white space, brackets and commas left out."""
    for name in _fields_of(type(node)):
        child = getattr(node, name)
        if type(child) is tuple or type(child) is list:
            yield from child
        elif _fields_of(type(child)):
            yield child


def holds(outer: cst.CSTNode, inner: cst.CSTNode) -> bool:
    """Whether a node is another, or contains it."""
    return any(node is inner for node in nodes(outer))


def parents_in(root: cst.CSTNode) -> dict[cst.CSTNode, cst.CSTNode]:
    """The node that each node below ``root`` stands in."""
    return {child: node for node in nodes(root) for child in children(node)}


def _fields_of(kind: type) -> tuple[str, ...]:
    """The fields of a node class that may hold nodes; none for what is no node."""
    known = _fields.get(kind)
    if known is None:
        fields = getattr(kind, "__dataclass_fields__", ())
        known = _fields[kind] = tuple(name for name in fields if name not in _WHITESPACE and "whitespace" not in name)
    return known
