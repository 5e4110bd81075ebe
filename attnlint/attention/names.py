"""Which names a definition reads."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from attnlint.graph.values import Origin
from attnlint.syntax.walk import nodes

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
