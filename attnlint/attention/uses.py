"""From values forwards: what is computed from them, and which names are read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import libcst as cst

from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.values import Origin, Value, strip
from attnlint.syntax.walk import nodes


def uses_of(graph: DefinitionGraph) -> dict[int, list[Value]]:
    """The values that are computed from each value of a graph, by its identity."""
    place = ("uses", 0)
    known: dict[int, list[Value]] | None = graph.world.memo.get(place)
    if known is None:
        known = graph.world.memo[place] = defaultdict(list)
        for value in graph.values:
            for operand in value.operands():
                known[id(strip(operand))].append(value)
    return known


_BINDERS = (cst.AssignTarget, cst.AnnAssign, cst.For, cst.CompFor, cst.NamedExpr)
"""Syntax that binds names; an augmented assignment reads them as well."""


def is_read(name: str, origin: Origin) -> bool:
    """Whether a name occurs in the definition around ``origin`` other than as the target of an assignment."""
    targets = {id(part) for target in _targets(origin) for part in nodes(target)}
    return any(isinstance(n, cst.Name) and n.value == name and id(n) not in targets for n in nodes(origin.slice.module))


def _targets(origin: Origin) -> Iterator[cst.CSTNode]:
    for node in nodes(origin.slice.module):
        if isinstance(node, _BINDERS) and isinstance(node.target, (cst.Name, cst.Tuple, cst.List)):
            yield node.target
