"""Which names a definition reads, and statements that a fix leaves without use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import libcst as cst

from attnlint.attention.contexts import called, surroundings
from attnlint.attention.spelling import rewritten
from attnlint.diagnostics import Span
from attnlint.findings import Replacement
from attnlint.graph.values import Origin
from attnlint.syntax.walk import nodes

_BINDERS = (cst.AssignTarget, cst.AnnAssign, cst.For, cst.CompFor, cst.NamedExpr)
"""Syntax that binds names; an augmented assignment reads them as well."""


_HARMLESS = frozenset({
    "arange", "bool", "expand", "float", "full", "masked_fill", "new_full", "new_ones", "new_zeros", "ones",
    "ones_like", "size", "to", "tril", "triu", "type_as", "unsqueeze", "view", "zeros", "zeros_like",
})  # fmt: skip
"""Calls that do nothing but give back a tensor or a size."""


def is_read(name: str, origin: Origin) -> bool:
    """Whether a name occurs in the definition around ``origin`` other than as the target of an assignment."""
    return next(_reads(name, origin), None) is not None


def _reads(name: str, origin: Origin) -> Iterator[cst.Name]:
    targets = {id(part) for target in _targets(origin) for part in nodes(target)}
    for node in nodes(origin.slice.module):
        if isinstance(node, cst.Name) and node.value == name and id(node) not in targets:
            yield node


def _targets(origin: Origin) -> Iterator[cst.CSTNode]:
    for node in nodes(origin.slice.module):
        if isinstance(node, _BINDERS) and isinstance(node.target, (cst.Name, cst.Tuple, cst.List)):
            yield node.target


def taken_off(at: Origin, left: Origin) -> Replacement:
    """The edit after which ``left`` remains of ``at``; nothing of ``w = mask(w)``, which would be ``w = w``."""
    statement = at.slice.parent(at.node)
    if isinstance(statement, cst.Assign) and isinstance(left.node, cst.Name) and _target(statement) == left.node.value:
        gone = _deleted(at)
        if gone is not None:
            return gone
    return rewritten(at, "{0}", left)


def left_unread(read: Origin, made: Origin | None) -> tuple[Replacement, ...]:
    """The edits that take away the statement ``x = made``, of whose name ``read`` is the only reader and about to go,
    and the statements that only this one reads in its turn. All of one block; nothing where anything else reads it."""
    if made is None or not isinstance(read.node, cst.Name) or made.slice is not read.slice:
        return ()
    statement = made.slice.parent(made.node)
    if not isinstance(statement, cst.Assign) or _target(statement) != read.node.value:
        return ()
    gone = _deleted(made)
    if gone is None or not _is_only_reader(read, (read.node,)) or _block(made) is not _block(read):
        return ()
    return (gone, *_read_there_alone(made))


def _read_there_alone(made: Origin) -> Iterator[Replacement]:
    """The edits that take away what only the statement around ``made`` reads."""
    block = _block(made)
    own = [node for node in nodes(made.node) if isinstance(node, cst.Name)]
    for name in {node.value for node in own}:
        statement = next((s for s in _assignments(block) if _target(s) == name), None)
        if (
            statement is None
            or not _is_harmless(statement.value)
            or not _is_only_reader(replace(made, node=own[0]), own, name)
        ):
            continue
        gone = _deleted(replace(made, node=statement.value))
        if gone is not None:
            yield gone


def _is_harmless(value: cst.BaseExpression) -> bool:
    """Whether nothing happens but that tensors are made or their sizes are read."""
    calls = (node for node in nodes(value) if isinstance(node, cst.Call))
    return all(called(call) in _HARMLESS for call in calls)


def _assignments(block: cst.CSTNode | None) -> Iterator[cst.Assign]:
    """The assignments right in a block."""
    for line in block.body if isinstance(block, (cst.IndentedBlock, cst.Module)) else ():
        if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 and isinstance(line.body[0], cst.Assign):
            yield line.body[0]


def _is_only_reader(read: Origin, readers: Sequence[cst.CSTNode], name: str | None = None) -> bool:
    """Whether a name is bound once in the definition, and read by these nodes alone."""
    assert isinstance(read.node, cst.Name)
    wanted = name or read.node.value
    are_own = all(any(node is reader for reader in readers) for node in _reads(wanted, read))
    return are_own and _bindings(wanted, read) == 1


def _bindings(name: str, read: Origin) -> int:
    """How often the definition around ``read`` binds a name, by a parameter or otherwise."""
    parts = [part for target in _targets(read) for part in nodes(target)]
    parts += [node.name for node in nodes(read.slice.module) if isinstance(node, cst.Param)]
    return sum(isinstance(part, cst.Name) and part.value == name for part in parts)


def _target(statement: cst.Assign) -> str | None:
    """The name that a statement binds and nothing else."""
    target = statement.targets[0].target
    return target.value if len(statement.targets) == 1 and isinstance(target, cst.Name) else None


def _block(at: Origin) -> cst.CSTNode | None:
    return next((outer for _, outer in surroundings(at) if isinstance(outer, (cst.IndentedBlock, cst.Module))), None)


def _deleted(at: Origin) -> Replacement | None:
    """The edit that takes away the lines of the simple statement around ``at``; None where it shares them with another,
    or its block would be left empty."""
    lines = (outer for _, outer in surroundings(at) if isinstance(outer, cst.SimpleStatementLine))
    line, block = next(lines, None), _block(at)
    if line is None or len(line.body) != 1 or not isinstance(block, (cst.IndentedBlock, cst.Module)):
        return None
    if len(block.body) < 2:
        return None
    span = at.slice.span(line.body[0])
    return Replacement(Span(span.line, 1, span.end_line + 1, 1), "")
