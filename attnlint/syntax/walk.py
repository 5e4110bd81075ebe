"""Walks over libcst's trees that pass white space by: it makes up two thirds of the nodes and means nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import libcst as cst

_MEANINGLESS = frozenset(
    {
        "leading_lines", "header", "footer", "lpar", "rpar", "lbracket", "rbracket", "lbrace", "rbrace", "dot", "comma",
        "semicolon", "equal", "indent",
    }
)  # fmt: skip
_fields: dict[type, tuple[str, ...]] = {}
_are_nodes: dict[type, bool] = {}


def nodes(root: cst.CSTNode, *, without: tuple[type[cst.CSTNode], ...] = ()) -> Iterator[cst.CSTNode]:
    """A node and all that it contains, but for what stands in a node of the classes ``without``."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        below = children(node)
        waiting.extend([child for child in below if type(child) not in without] if without else below)


def children(node: cst.CSTNode) -> list[cst.CSTNode]:
    """The nodes right below a node, white space, brackets and commas left out."""
    found: list[cst.CSTNode] = []
    for name in _fields_of(type(node)):
        child = getattr(node, name)
        kind = type(child)
        if kind is tuple or kind is list:
            found.extend(child)
        elif _is_node(kind):
            found.append(child)
    return found


def holds(outer: cst.CSTNode, inner: cst.CSTNode) -> bool:
    """Whether a node is another, or contains it."""
    return any(node is inner for node in nodes(outer))


def parents_in(root: cst.CSTNode) -> dict[cst.CSTNode, cst.CSTNode]:
    """The node that each node below ``root`` stands in."""
    return {child: node for node in nodes(root) for child in children(node)}


def _is_node(kind: type) -> bool:
    """Whether a class is one of nodes: asked of abstract base classes once, as they take long to answer."""
    known = _are_nodes.get(kind)
    if known is None:
        known = _are_nodes[kind] = issubclass(kind, cst.CSTNode)
    return known


def _fields_of(kind: type) -> tuple[str, ...]:
    """The fields of a node class that may hold nodes which mean something."""
    known = _fields.get(kind)
    if known is None:
        declared = fields(kind) if is_dataclass(kind) else ()
        names = [each.name for each in declared if each.type is not str]
        known = _fields[kind] = tuple(name for name in names if name not in _MEANINGLESS and "whitespace" not in name)
    return known
