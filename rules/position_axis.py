"""ATN603 position-axis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import libcst as cst

from attnlint.attention.batch import CERTAIN, Evidence, batch_axes, only
from attnlint.attention.batch_uses import said_by_uses
from attnlint.diagnostics import Tier
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.facts import Facts
from attnlint.graph.scalars import extent_of
from attnlint.graph.shapes import TensorShape, integer
from attnlint.graph.values import (
    Add,
    Cast,
    Convolution,
    Dropout,
    Index,
    MultiHead,
    Multiply,
    Origin,
    Phi,
    Recurrent,
    Slicing,
    TransformerCall,
    Unsqueeze,
    Value,
    literal,
    strip,
)
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.syntax.walk import holds
from attnlint.triggers import SITE


class PositionAxis(Rule):
    """Positions are counted along axis 0 of hidden states that have the batch there.

    **What it finds.** ``x + pe[: x.size(0)]`` where the batch is on axis 0 of ``x``: the sum is given to a module that
    was built with ``batch_first=True``, comes from one or from a convolution, or is pooled along axis 1.

    **Why it hurts.** With a (positions, 1, features) table, as in PyTorch's sequence-first tutorial, nothing raises:
    every token of a sample gets the same position, the number of the sample in the batch, so order is not seen at all.
    With another table the sum raises, but for as many samples as tokens.

    **Silent when** the code does not say where the batch is, or the table holds something for each sample.

    **Mend.** Count along axis 1.
    """

    code = "ATN603"
    name = "position-axis"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE

    def check_definition(self, graph: DefinitionGraph) -> Iterator[Finding]:
        """Report sums with as many positions as there are samples."""
        if not any(isinstance(value, _SAYS) for value in graph.values):
            return
        for total in graph.all(Add):
            if not (_may_be_cut(total.left) or _may_be_cut(total.right)):
                continue
            for _, found in graph.found(total, partial(_counted, total, graph)):
                if found.index.origin is not None:
                    yield _finding(found)


_SAYS = (MultiHead, TransformerCall, Recurrent, Convolution)
"""Of what says where the batch is, one is always there."""


def _may_be_cut(side: Value, depth: int = 12) -> bool:
    """Whether an operand may be a slice of a table, on any path."""
    value = strip(side)
    if isinstance(value, Index):
        return len(value.keys) == 1 and isinstance(value.keys[0], Slicing) and literal(value.keys[0].upper) is not None
    if depth and isinstance(value, Phi):
        return _may_be_cut(value.then, depth - 1) or _may_be_cut(value.otherwise, depth - 1)
    passes = depth and isinstance(value, (Dropout, Cast, Multiply, Unsqueeze))
    return bool(passes) and _may_be_cut(next(value.operands()), depth - 1)


@dataclass(frozen=True)
class _Counted:
    """A slice of a table of positions, as long as axis 0 of ``x``, whose samples are there for the ``reason``."""

    index: Index
    x: Value
    table: TensorShape | None
    is_unsqueezed: bool
    reason: Evidence


def _counted(total: Add, graph: DefinitionGraph, facts: Facts) -> _Counted | None:
    for side, x in ((total.left, total.right), (total.right, total.left)):
        value, raised = facts.resolve(side), False
        while isinstance(value, (Dropout, Cast, Multiply, Unsqueeze)):
            raised = raised or (isinstance(value, Unsqueeze) and integer(value.axis, facts) == 1)
            value = facts.resolve(next(value.operands()))
        if not isinstance(value, Index) or not _is_cut_at_batch(value, x, facts):
            continue
        said = [*batch_axes(x, facts), *said_by_uses(total, graph, facts)]
        evidence = only((one for one in said if one.at is not total), 0)
        if sum(one.weight for one in evidence) >= CERTAIN:
            return _Counted(value, x, facts.shape(value.x), raised, evidence[0])
    return None


def _is_cut_at_batch(index: Index, x: Value, facts: Facts) -> bool:
    """``table[: x.size(0)]``."""
    cut = index.keys[0]
    if len(index.keys) != 1 or not isinstance(cut, Slicing) or literal(cut.lower) not in (None, 0):
        return False
    table = facts.shape(index.x)
    if table is None or not (table.rank == 2 or _stands(table, 0) or _stands(table, 1)):
        return False
    upper, extent = facts.scalar(cut.upper), extent_of(x, 0, facts)
    return upper is not None and bool(extent.powers) and upper.equals(extent)


def _finding(found: _Counted) -> Finding:
    assert found.index.origin is not None
    repeats = found.is_unsqueezed or _stands(found.table, 1)
    raises = "this raises unless there are as many samples as tokens"
    effect = "every token of a sample gets the position of the sample in the batch" if repeats else raises
    reason = found.reason.at.origin
    return Finding(
        found.index.origin,
        f"{found.index.text} counts positions along axis 0 of {found.x.text}, which is the batch: {found.reason.what}; "
        f"{effect}",
        related=((reason, f"the batch is on axis 0: {found.reason.what}"),) if reason is not None else (),
        mend=_mend(found, found.index.origin),
    )


def _stands(table: TensorShape | None, single: int) -> bool:
    """Whether a table of rank 3 has its extent of 1 on an axis."""
    extent = table.axis(single) if table is not None and table.rank == 3 else None
    return extent is not None and extent.is_one


def _mend(found: _Counted, at: Origin) -> Mend | None:
    """The slice along axis 1, with the table's axes where the sum wants them."""
    node, x = at.node, _measured(found.index)
    if not isinstance(node, cst.Subscript) or x is None or found.is_unsqueezed:
        return None
    table = replace(at, node=node.value)
    if _stands(found.table, 1):
        text = "{0}[: {1}.size(1)].transpose(0, 1)"
    elif _stands(found.table, 0):
        text = "{0}[:, : {1}.size(1)]"
    elif found.table is not None and found.table.rank == 2:
        text = "{0}[: {1}.size(1)]"
    else:
        return None
    return Mend("Count along axis 1", Tier.UNSAFE, (Replacement(at, text, (table, x)),))


def _measured(index: Index) -> Origin | None:
    """The name whose extent is taken right in the subscript."""
    cut = index.keys[0]
    upper = cut.upper.origin if isinstance(cut, Slicing) else None
    match upper.node if upper is not None else None:
        case cst.Call(func=cst.Attribute(value=cst.Name() as x, attr=cst.Name(value="size"))):
            return replace(upper, node=x) if upper is not None and _holds(index, upper) else None
        case cst.Subscript(value=cst.Attribute(value=cst.Name() as x, attr=cst.Name(value="shape"))):
            return replace(upper, node=x) if upper is not None and _holds(index, upper) else None
    return None


def _holds(index: Index, part: Origin) -> bool:
    return index.origin is not None and holds(index.origin.node, part.node)
