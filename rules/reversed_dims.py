"""ATN107 reversed-dims."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import libcst as cst

from attnlint.attention.spelling import rewritten
from attnlint.diagnostics import Tier
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.facts import Facts
from attnlint.graph.values import (
    Attribute,
    Constant,
    Origin,
    Parameter,
    Product,
    ReverseDims,
    Transpose,
    Unknown,
    Value,
    is_tensor,
    strip,
)
from attnlint.rule import Finding, Mend, Replacement, Rule

_SPELLED = {".T": ("mT", Tier.UNSAFE), ".H": ("mH", Tier.SAFE), "t()": ("mT", Tier.SAFE)}


class ReversedDims(Rule):
    """``.T``, ``.t()`` or ``.H`` on a tensor with more than two axes, or a transpose that swaps an axis with itself.

    **What it finds.** ``.T`` reverses *all* axes: (batch, heads, tokens, head_dim) becomes (head_dim, tokens, heads,
    batch). ``transpose(-1, -1)`` changes nothing.

    **Why it hurts.** On rank ≠ 2 ``.T`` only warns in torch 2.13. The product then raises, or is silently wrong where
    extents coincide (differences up to 16 in the scores); ``transpose(-1, -1)`` is silent when the number of tokens
    equals head_dim. ``.t()`` raises on rank 3 and more, ``.H`` on any rank but 2.

    **Silent when** the rank is not known to be more than two.

    **Mend.** ``.mT``, or ``.transpose(-2, -1)``.
    """

    code = "ATN107"
    name = "reversed-dims"
    tiers = frozenset({Tier.SAFE, Tier.UNSAFE, Tier.MANUAL})
    triggers = (
        r"\.T\b(?<!self\.T)",
        r"\.H\b(?<!self\.H)",
        r"\.t\(",
        *(rf"{name}\([^()\n]*?(-?\b\d+)\s*,\s*\1\s*\)" for name in ("transpose", "swapaxes", "swapdims")),
    )
    references = ("https://docs.pytorch.org/docs/stable/generated/torch.Tensor.T.html",)

    def check_definition(self, graph: DefinitionGraph) -> Iterator[Finding]:
        """Report reversals of tensors whose rank is known to be more than two."""
        for value in graph.all(ReverseDims):
            rank = next((rank for _, rank in graph.found(value, partial(_rank, value))), None)
            if rank is not None and rank > 2 and value.origin is not None and _is_tensor(value, graph):
                yield _reversed(value, value.origin, rank)
        for swap in graph.all(Transpose):
            match swap:
                case Transpose(
                    first=Constant(value=int(first)), second=Constant(value=int(second)), origin=Origin() as at
                ):
                    if first == second and isinstance(at.node, cst.Call) and _is_literal(at.node):
                        yield _nothing(swap, at, first)


def _is_literal(call: cst.Call) -> bool:
    """Both axes are written as numbers at the call: an axis that a caller passes may well be the same."""
    return all(isinstance(arg.value, (cst.Integer, cst.UnaryOperation)) for arg in call.args[-2:])


def _rank(value: ReverseDims, facts: Facts) -> int | None:
    shape = facts.shape(value.x)
    return None if shape is None else shape.rank


def _is_tensor(value: ReverseDims, graph: DefinitionGraph) -> bool:
    """Certainly a torch tensor, not an array of another library: made by torch, or multiplied in a torch module."""
    source = strip(value.x)
    if is_tensor(source):
        return True
    multiplied = any(value in (product.left, product.right) for product in graph.all(Product))
    return isinstance(source, (Parameter, Unknown, Attribute)) and (graph.in_torch_module or multiplied)


def _reversed(value: ReverseDims, at: Origin, rank: int) -> Finding:
    right, tier = _SPELLED[value.spelling]
    name = value.x.text
    effect = {
        ".T": f"`.T` reverses all {rank} axes of {name} instead of swapping the last two: the product raises, or is "
        "silently wrong where the extents coincide",
        ".H": f"`.H` raises on {name}, which has {rank} axes: it is defined for matrices alone",
        "t()": f"`.t()` raises on {name}, which has {rank} axes: it is defined for matrices alone",
    }[value.spelling]
    receiver = _receiver(at)
    mend = None
    if receiver is not None:
        edit = rewritten(at, f"{{0}}.{right}", receiver)
        mend = Mend(f"Use .{right}, which swaps the last two axes", tier, (edit,), needs_torch="1.11")
    return Finding(at, f"{effect}; use `.{right}`", related=tuple(_made(value.x)), mend=mend)


def _receiver(at: Origin) -> Origin | None:
    node = at.node
    if isinstance(node, cst.Call):
        if isinstance(node.func, cst.Attribute) and not node.args:
            node = node.func
        elif len(node.args) == 1:
            return None if node.args[0].star else replace(at, node=node.args[0].value)
    return replace(at, node=node.value) if isinstance(node, cst.Attribute) else None


def _made(x: Value) -> Iterator[tuple[Origin, str]]:
    source = strip(x)
    if source.origin is not None and is_tensor(source):
        yield source.origin, f"{x.text} is made here"


def _nothing(swap: Transpose, at: Origin, axis: int) -> Finding:
    mend = None
    if isinstance(at.node, cst.Call) and len(at.node.args) >= 2 and axis == -1:
        first = Origin(at.slice, at.node.args[-2].value)
        mend = Mend("Swap the last two axes", Tier.UNSAFE, (Replacement(first, "-2"),))
    return Finding(
        at,
        f"{_method(at)}({axis}, {axis}) changes nothing: {swap.x.text} is used untransposed, which raises, or is "
        "silent and wrong where the extents coincide",
        related=tuple(_made(swap.x)),
        mend=mend,
    )


def _method(at: Origin) -> str:
    """The last name of what is called: ``swapaxes`` of ``torch.swapaxes(k, 2, 2)``."""
    function = at.node.func if isinstance(at.node, cst.Call) else None
    name = function.attr if isinstance(function, cst.Attribute) else function
    return name.value if isinstance(name, cst.Name) else "transpose"
