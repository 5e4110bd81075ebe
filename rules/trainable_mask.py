"""ATN217 trainable-mask."""

from __future__ import annotations

from collections.abc import Iterator

from attnlint.attention import AttentionPath, MaskUse
from attnlint.attention.spelling import argument
from attnlint.attention.transparent import LAYOUT, PARTS
from attnlint.diagnostics import Tier
from attnlint.graph.facts import Facts
from attnlint.graph.masks import MaskFact, Triangle, number
from attnlint.graph.values import Cast, Learned, Multiply, Subtract, Tri, Value, literal, strip
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.triggers import SITE


class TrainableMask(Rule):
    """A causal mask is an ``nn.Parameter`` that trains.

    **What it finds.** A triangle of ones or of −inf, made an ``nn.Parameter`` without ``requires_grad=False``, that is
    added to the scores, multiplied with them or given to a fused call.

    **Why it hurts.** The optimiser changes it with every step: what it keeps becomes a bias by position that nobody
    asked for (its entries get gradients of up to 7.4 in the fixture), and weight decay pulls at it. Given to
    ``scaled_dot_product_attention`` it also shuts out fast kernels.

    **Silent when** the parameter is only compared (``mask == 0``), detached or cast to bools: no gradient flows, and it
    stays as it is. Also when ``requires_grad`` is set afterwards.

    **Mend.** ``requires_grad=False``, or ``register_buffer``, which is what buffers are for.
    """

    code = "ATN217"
    name = "trainable-mask"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report learned tables that gradients reach."""
        for use in path.masks:
            learned = _learned(use, path.facts)
            fact = path.facts.mask(learned) if learned is not None else None
            if learned is None or learned.origin is None or fact is None or not _is_table(fact):
                continue
            if literal(path.facts.resolve(learned.trains)) is not True or _is_switched_off(learned, path):
                continue
            assert use.mask is not None
            yield Finding(
                learned.origin,
                f"{learned.text} is a causal mask and trains: gradients reach it through {use.mask.text}, and every "
                "step changes it; pass requires_grad=False or make it a buffer",
                related=((use.at.origin, "gradients reach it from here"),) if use.at.origin is not None else (),
                mend=_mend(learned),
            )


def _learned(use: MaskUse, facts: Facts) -> Learned | None:
    """The parameter that a mask is, as far as gradients flow."""
    if use.mask is None or use.how not in ("add", "multiply", "argument"):
        return None
    value: Value = facts.resolve(use.mask)
    while not isinstance(value, Learned):
        match value:
            case Subtract(left=left, right=right):
                value = right if number(left, facts) is not None else left
            case Multiply(left=left, right=right):
                value = right if number(left, facts) is not None else left
            case Tri(x=x):
                value = x
            case Cast(detaches=True):
                return None
            case Cast() if (facts.dtype(value) or "float").rstrip("0123456789") not in ("float", "bfloat"):
                return None
            case _ if isinstance(value, (*LAYOUT, *PARTS)):
                value = next(value.operands())
            case _:
                return None
        value = facts.resolve(value)
    return value


def _is_switched_off(learned: Learned, path: AttentionPath) -> bool:
    """``self.mask.requires_grad = False``."""
    return any(store.member == "requires_grad" and strip(store.owner) is learned for store in path.graph.stores)


def _is_table(fact: MaskFact) -> bool:
    return any(isinstance(region, Triangle) for region in fact.outer)


def _mend(learned: Learned) -> Mend | None:
    origin = learned.origin
    if origin is None:
        return None
    given, table = argument(origin, 1, "requires_grad"), argument(origin, 0, "data")
    title = "Pass requires_grad=False"
    if given is not None:
        return Mend(title, Tier.UNSAFE, (Replacement(given, "False"),))
    if table is None:
        return None
    return Mend(title, Tier.UNSAFE, (Replacement(table, "{0}, requires_grad=False", (table,)),))
