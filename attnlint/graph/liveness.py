"""Whether anybody reads the numbers of a value. What is not understood counts as reading."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.values import (
    Add,
    Attribute,
    Cast,
    Divide,
    Dropout,
    Expand,
    Extent,
    Flatten,
    Function,
    Index,
    IsNone,
    Items,
    Multiply,
    Normalize,
    Numel,
    Permute,
    Phi,
    Piece,
    Pieces,
    Pointwise,
    Rank,
    Rearrange,
    Reorder,
    Repeat,
    RepeatInterleave,
    ReverseDims,
    Select,
    Shape,
    Squeeze,
    Subtract,
    Transpose,
    Unflatten,
    Unsqueeze,
    Value,
    View,
)

_SIZES = (Extent, Shape, Rank, Numel, IsNone)
"""What looks at a tensor without reading its numbers."""
_PASSING = (
    Add, Attribute, Cast, Divide, Dropout, Expand, Flatten, Index, Items, Multiply, Normalize, Permute, Phi, Piece,
    Pieces, Pointwise, Rearrange, Repeat, RepeatInterleave, Reorder, ReverseDims, Select, Squeeze, Subtract, Transpose,
    Unflatten, Unsqueeze, View,
)  # fmt: skip
"""What has no effect but its result."""

_HANDLES = (Attribute, Items)
"""What holds a value, and is none itself: a method that is looked up on it, a tuple that it stands in."""


def looks_only(value: Value) -> bool:
    """Whether a value tells the shape, dtype or place of the tensor that it is made of, and nothing of its numbers."""
    return isinstance(value, _SIZES) or (isinstance(value, Attribute) and value.member in ("dtype", "device"))


def dead_ends(value: Value, graph: DefinitionGraph) -> list[Value] | None:
    """The values in which all that is made of a value ends, unread: itself, where nothing is made of it.

    None where its numbers are read, or may be.
    """
    ends: list[Value] = []
    waiting, seen = [value], {id(value)}
    leaving = {id(kept) for kept in (*graph.returned, *graph.kept, *graph.discarded)}
    while waiting:
        current = waiting.pop()
        if id(current) in leaving:
            return None
        users = [user for user in graph.users.get(id(current), ()) if not looks_only(user)]
        if not all(isinstance(user, _PASSING) for user in users):
            return None
        if all(isinstance(user, _HANDLES) for user in users) and not isinstance(current, _HANDLES):
            ends.append(current)
        for user in users:
            if id(user) not in seen:
                seen.add(id(user))
                waiting.append(user)
    names = {end.name for end in ends} | {value.name}
    return None if not graph.is_whole or _is_closed_over(names, graph) else ends


def _is_closed_over(names: set[str | None], graph: DefinitionGraph) -> bool:
    """Whether an inner function reads one of the names from outside."""
    return any(names & set(_free(f.node)) for f in graph.all(Function) if f.node is not None)


def _free(function: cst.FunctionDef | cst.Lambda) -> Iterator[str]:
    parameters = function.params
    own = {p.name.value for p in (*parameters.posonly_params, *parameters.params, *parameters.kwonly_params)}
    waiting: list[cst.CSTNode] = [function.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, cst.Name) and node.value not in own:
            yield node.value
        waiting.extend(node.children)
