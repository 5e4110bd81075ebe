"""ATN501 head-split-by-view."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import libcst as cst

from attnlint.attention.spelling import rewritten
from attnlint.attention.views import projection_of, swaps_nothing
from attnlint.diagnostics import Tier
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.facts import Facts
from attnlint.graph.layouts import Crossing, crossing, is_features
from attnlint.graph.values import Multiply, Origin, View
from attnlint.rule import Finding, Mend, Rule
from attnlint.triggers import HEADS, SITE


class HeadSplitByView(Rule):
    """A projection's (B, T, H·D) is viewed as (B, H, T, D), with no transpose.

    **What it finds.** ``self.q(x).view(B, H, T, D)`` and ``.view(B * H, -1, D)``: in memory the tokens stand before
    the heads, so a view that asks for the heads first cuts the rows of tokens into pieces.

    **Why it hurts.** A head of a token is read from other tokens' features: the output differs by 0.98 from what was
    meant. Nothing raises, and with a right merge afterwards the future leaks into the past (0.35).

    **Silent when** the axes really come in the order asked for: channel-first convolutions, sequence-first
    ``(T, B, H·D)`` viewed as ``(T, B·H, D)``, folded heads unfolded again, windows; an axis has the extent one where
    the view is (``assert T == 1``); or the layout is not known.

    **Mend.** ``.view(B, T, H, D).transpose(1, 2)``.
    """

    code = "ATN501"
    name = "head-split-by-view"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = (*SITE, *HEADS)
    references = ("https://github.com/reczoo/FuxiCTR/issues/30",)

    def check_definition(self, graph: DefinitionGraph) -> Iterator[Finding]:
        """Report views of a projection that tear tokens apart."""
        for view in graph.all(View):
            projection = projection_of(view)
            if projection is None or view.origin is None or len(view.sizes) < 3:
                continue
            for facts, torn in graph.found(view, partial(_torn, view)):
                if swaps_nothing(view, facts):
                    continue
                yield Finding(
                    view.origin,
                    _message(view, torn),
                    related=((projection.origin, "the projection"),) if projection.origin is not None else (),
                    mend=_mend(view, torn, facts),
                )
                break


def _torn(view: View, facts: Facts) -> Crossing | None:
    """What is torn: tokens that stand before the features of a projection."""
    before = facts.layout(view.x)
    if before is None or not is_features(before.axes[-1]):
        return None
    torn = crossing(view, facts)
    return torn if torn is not None and torn.atom.kind in ("axis", "rest") else None


def _message(view: View, torn: Crossing) -> str:
    tokens = f"the tokens ({torn.atom.extent})" if torn.atom.extent is not None else "the tokens"
    heads = f"the heads ({torn.wanted})" if torn.wanted is not None else "the heads"
    sizes = ", ".join(size.text for size in view.sizes)
    return (
        f"`{view.x.text}` is a projection, in which {tokens} stand before {heads}; a view as "
        f"({sizes}) does not swap them: each head is put together from features of several tokens; split the last axis "
        "alone, then transpose"
    )


def _mend(view: View, torn: Crossing, facts: Facts) -> Mend | None:
    """Tokens and heads exchanged in the view, and transposed after it."""
    assert view.origin is not None
    call = view.origin.node
    if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute):
        return None
    sizes = [replace(view.origin, node=arg) for arg in call.args if not arg.star and arg.keyword is None]
    receiver = replace(view.origin, node=call.func.value)
    if len(sizes) != len(view.sizes) or call.func.attr.value not in ("view", "reshape"):
        return None
    title = "Split the features, then transpose"
    if len(sizes) == 4 and torn.target == 1:
        text = "{0}.view({1}, {3}, {2}, {4}).transpose(1, 2)"
        return Mend(title, Tier.UNSAFE, (rewritten(view.origin, text, receiver, *sizes),))
    folded = _factors(view, sizes[0], torn, facts) if len(sizes) == 3 and torn.target == 0 else None
    if folded is None:
        return None
    text = "{0}.view({1}, {3}, {2}, {4}).transpose(1, 2).reshape({5}, {3}, {4})"
    parts = (receiver, *folded, *sizes[1:], sizes[0])
    return Mend(title, Tier.UNSAFE, (rewritten(view.origin, text, *parts),))


def _factors(view: View, at: Origin, torn: Crossing, facts: Facts) -> tuple[Origin, Origin] | None:
    """Batch and heads of ``B * H`` as written."""
    product = facts.resolve(view.sizes[0])
    node = at.node.value if isinstance(at.node, cst.Arg) else at.node
    if not isinstance(product, Multiply) or not isinstance(node, cst.BinaryOperation):
        return None
    heads = facts.scalar(product.right)
    if heads is None or torn.wanted is None or not heads.equals(torn.wanted):
        return None
    return replace(at, node=node.left), replace(at, node=node.right)
