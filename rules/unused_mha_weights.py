"""ATN903 unused-mha-weights."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from attnlint.attention.spelling import appended, argument
from attnlint.attention.statements import is_read
from attnlint.diagnostics import Severity, Tier
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.values import Attribute, MultiHead, Origin, Output, Value, Weights, literal
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.triggers import SITE


class UnusedMhaWeights(Rule):
    """``nn.MultiheadAttention`` is asked for weights that nobody reads.

    **What it finds.** A call that leaves ``need_weights`` True, which is the default, and whose second result is
    dropped: ``self.attn(x, x, x)[0]``, or a name that occurs nowhere else.

    **Why it costs.** The weights of all heads are written to memory and averaged, so that no fused kernel can be used:
    314 ms where 234 do.

    **Silent when** the tuple is kept, handed on or returned, or with the hint ``is_causal=True``, which counts for
    nothing else.

    **Mend.** ``need_weights=False``. The fused kernel rounds in another order.
    """

    code = "ATN903"
    name = "unused-mha-weights"
    severity = Severity.PERFORMANCE
    on_by_default = False
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE
    references = ("https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html",)

    def check_definition(self, graph: DefinitionGraph) -> Iterator[Finding]:
        """Report calls whose weights are dropped."""
        for call in graph.all(MultiHead):
            if literal(call.weights) is not True or literal(call.causal) is not False or call.origin is None:
                continue
            dropped = _dropped(call, call.origin, graph)
            if dropped is not None:
                yield Finding(
                    call.origin,
                    f"{call.module.text} computes the weights over {call.key.text}, and nobody reads them: with "
                    "need_weights=False a fused kernel does not write them at all",
                    related=((dropped, "the weights are dropped here"),),
                    mend=_mend(call.origin),
                )


def _dropped(call: MultiHead, at: Origin, graph: DefinitionGraph) -> Origin | None:
    """Where the weights of a call are left behind; None where they may be read."""
    results = graph.uses.get(id(call), [])
    weights = [use for use in results if isinstance(use, Weights)]
    if not weights or not all(isinstance(use, (Output, Weights, Attribute)) for use in results):
        return None
    return weights[0].origin if all(_is_left(one, at) for one in weights) else None


def _is_left(weights: Value, call: Origin) -> bool:
    """``call(…)[0]``, or ``out, name = call(…)`` with a name that is not read."""
    origin = weights.origin
    if origin is None or not isinstance(origin.slice.node, cst.FunctionDef) or origin.slice is not call.slice:
        return False
    if isinstance(origin.node, cst.Subscript):
        return origin.node.value is call.node
    target = origin.node
    statement = call.slice.parent(call.node)
    if not isinstance(target, cst.Tuple) or not isinstance(statement, cst.Assign) or len(statement.targets) != 1:
        return False
    if statement.targets[0].target is not target or len(target.elements) != 2:
        return False
    name = target.elements[1].value
    return isinstance(name, cst.Name) and not is_read(name.value, origin)


def _mend(call: Origin) -> Mend | None:
    given = argument(call, 4, "need_weights")
    if given is None:
        edit = appended(call, "need_weights=False")
    else:
        edit = Replacement(given, "False") if isinstance(given.node, cst.Name) else None
    return Mend("Do not ask for weights", Tier.UNSAFE, (edit,)) if edit is not None else None
