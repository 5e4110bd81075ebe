"""ATN203 mask-times-inf."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import libcst as cst

from attnlint.attention.spelling import written
from attnlint.attention.transparent import beneath
from attnlint.diagnostics import Tier
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.dtypes import FLOATS
from attnlint.graph.facts import Facts
from attnlint.graph.masks import is_infinite, number
from attnlint.graph.values import (
    Assigned,
    Cast,
    Compare,
    Constant,
    External,
    FromData,
    Full,
    MaskedFill,
    Multiply,
    Negate,
    Not,
    Origin,
    Pointwise,
    Subtract,
    Tri,
    Unknown,
    Value,
    Where,
    strip,
)
from attnlint.rule import Finding, Mend, Replacement, Rule


class MaskTimesInf(Rule):
    """A mask of zeros and ones is multiplied by −inf: 0 · inf is NaN.

    **What it finds.** ``mask * float("-inf")`` and ``(1 - mask) * -math.inf``, where the mask has zeros: a triangle, a
    comparison, an inverted mask.

    **Why it hurts.** Every position that should stay visible is NaN, and after the softmax so is everything: 100 %
    of the outputs.

    **Silent when** the other factor is one number throughout (``torch.ones(n, n) * float("-inf")``) or is not known to
    be a mask, and when NaN is scrubbed or selected away from the result.

    **Mend.** ``torch.triu(torch.full((n, n), float("-inf")), diagonal=1)``, or ``masked_fill``.
    """

    code = "ATN203"
    name = "mask-times-inf"
    tiers = frozenset({Tier.SAFE, Tier.UNSAFE, Tier.MANUAL})
    triggers = (
        r"""\*[\s(-]{0,40}(?:float\(\s*["'][+-]?[iI]nf|[\w.]*[iI]nf)""",
        r"""inf["'\s)]*\*(?!\*)""",
        r"""mul(?:tiply|_)?\([^\n]{0,400}[iI]nf""",
    )

    def check_definition(self, graph: DefinitionGraph) -> Iterator[Finding]:
        """Report masks that are multiplied by an infinity."""
        products = [
            v for v in graph.all(Multiply) if v.origin is not None and (_is_written(v.left) or _is_written(v.right))
        ]
        scrubbed = _scrubbed(graph) if products else set()
        for value in products:
            if id(value) in scrubbed:
                continue
            for _, found in graph.found(value, partial(_finding, value)):
                yield found
                break


def _is_written(factor: Value) -> bool:
    """Whether a factor is written as an infinity, whatever the path."""
    value = strip(factor)
    while isinstance(value, (Negate, FromData, Cast)):
        value = strip(next(value.operands()))
    if isinstance(value, External):
        return value.path.rpartition(".")[2].lower() == "inf"
    return isinstance(value, Constant) and isinstance(value.value, float) and math.isinf(value.value)


def _scrubbed(graph: DefinitionGraph) -> set[int]:
    """Values whose NaN something takes care of."""
    found: set[int] = set()
    for value in graph.values:
        scrubs = isinstance(value, (Where, Unknown)) or (
            isinstance(value, Pointwise) and value.function == "nan_to_num"
        )
        if scrubs:
            found.update(id(operand) for operand in value.operands())
        elif isinstance(value, (Assigned, MaskedFill)):
            found.add(id(value.x))
    return found


def _finding(value: Multiply, facts: Facts) -> Finding | None:
    assert value.origin is not None
    for mask, factor in ((value.left, value.right), (value.right, value.left)):
        if is_infinite(factor, facts) and _has_zeros(mask, facts):
            return Finding(
                value.origin,
                f"{mask.text} is 0 where nothing should be hidden, and 0 · inf is NaN: times {factor.text}, every "
                "visible position becomes NaN; fill with −inf instead (masked_fill, or triu of a full tensor)",
                related=((mask.origin, "the mask is made here"),) if mask.origin is not None else (),
                mend=_mend(value.origin, mask, factor, facts),
            )
    return None


def _has_zeros(mask: Value, facts: Facts) -> bool:
    """Whether a factor is a mask of which some positions are 0."""
    fact = facts.mask(mask)
    if fact is not None:
        return not fact.everywhere and (fact.representation == "bool" or fact.has_region)
    held = inner = facts.resolve(mask)
    inner = beneath(inner, facts)
    if inner is not held and isinstance(inner, (Compare, Not)):
        return True
    return isinstance(held, Subtract) and number(held.left, facts) == 1 and facts.shape(held.right) is not None


def _mend(at: Origin, mask: Value, factor: Value, facts: Facts) -> Mend | None:
    """``triu(ones(n, n), 1) * -inf`` as ``triu(full((n, n), -inf), 1)``: the same where it is not NaN."""
    made = facts.resolve(mask)
    if not isinstance(made, Tri) or made.origin is None or number(factor, facts) != -math.inf:
        return None
    given, filler, inner = written(at, mask), written(at, factor), written(made.origin, made.x)
    full = _full(made.x, filler, inner, facts) if filler is not None and inner is not None else None
    if full is None or given is None or inner is None or given.node is not made.origin.node:
        return None
    text, parts = full
    call, diagonal = made.origin.node, number(made.diagonal, facts)
    assert isinstance(call, cst.Call)
    is_method = isinstance(call.func, cst.Attribute) and call.func.value is inner.node
    if is_method and isinstance(call.func, cst.Attribute):
        name, arguments = f"{text}.{call.func.attr.value}", call.args
        text = ""
    else:
        name, arguments = f"{{{len(parts)}}}", call.args[1:]
        parts = (*parts, replace(at, node=call.func))
    first = len(parts)
    parts = (*parts, *(replace(at, node=arg.value) for arg in arguments))
    rest = [_argument(arg, first + i) for i, arg in enumerate(arguments)]
    inside = ", ".join(([] if is_method else [text]) + rest)
    hides_future = made.upper and diagonal is not None and diagonal >= 1
    tier = Tier.SAFE if hides_future else Tier.UNSAFE
    return Mend("Cut the triangle out of −inf", tier, (Replacement(at, f"{name}({inside})", parts),))


def _full(ones: Value, filler: Origin, written_ones: Origin, facts: Facts) -> tuple[str, tuple[Origin, ...]] | None:
    """The call ``full(sizes, -inf)`` in place of ``ones(sizes)``, without a dtype that holds no infinity."""
    table, call = facts.resolve(ones), written_ones.node
    if not isinstance(table, Full) or table.like is not None or table.origin is None or table.origin.node is not call:
        return None
    if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute) or any(a.star for a in call.args):
        return None
    sizes = [arg for arg in call.args if arg.keyword is None]
    options = [arg for arg in call.args if arg.keyword is not None and not _is_whole(arg, table, facts)]
    is_sequence = len(sizes) == 1 and not isinstance(sizes[0].value, cst.Tuple)
    shown = [call.func.value, *(arg.value for arg in sizes), filler.node, *(arg.value for arg in options)]
    numbers = ", ".join(f"{{{i}}}" for i in range(1, 1 + len(sizes)))
    text = f"{{0}}.full({numbers if is_sequence else f'({numbers})'}, {{{1 + len(sizes)}}}"
    text += "".join(f", {_argument(arg, 2 + len(sizes) + i)}" for i, arg in enumerate(options)) + ")"
    return text, tuple(replace(written_ones, node=node) for node in shown)


def _is_whole(arg: cst.Arg, table: Full, facts: Facts) -> bool:
    """A ``dtype`` of whole numbers or bools, which hold no infinity."""
    return arg.keyword is not None and arg.keyword.value == "dtype" and facts.dtype(table) not in FLOATS


def _argument(arg: cst.Arg, part: int) -> str:
    return f"{{{part}}}" if arg.keyword is None else f"{arg.keyword.value}={{{part}}}"
