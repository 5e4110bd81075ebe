"""ATN504 tiled-kv-heads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from attnlint.attention import AttentionPath, Operand
from attnlint.attention.grouping import RepeatedHeads, heads_of, repeated_heads, stretched_heads
from attnlint.attention.spelling import argument
from attnlint.attention.trail import Walk
from attnlint.diagnostics import Tier
from attnlint.graph import equations
from attnlint.graph.facts import Facts
from attnlint.graph.scalars import Monomial
from attnlint.graph.values import (
    Convolution,
    Expand,
    Linear,
    Origin,
    Parameter,
    Rearrange,
    Repeat,
    literal,
    strip,
)
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.triggers import SITE


class TiledKvHeads(Rule):
    """Grouped heads of key and value are repeated round after round, so that query heads read another group's.

    **What it finds.** Key heads that ``repeat``, ``cat`` or einops' ``(g h)`` tile (a b a b) before they meet query
    heads split in the usual order, and an ``expand`` of an axis that holds several heads.

    **Why it hurts.** In grouped-query attention query heads 0 … g−1 share key head 0: checkpoints are trained so, and
    ``enable_gqa`` computes so. Tiled, all but the first and last heads read keys of another group (outputs differ by
    2.1 with unit-variance heads). ``expand`` of a real axis raises.

    **Silent when** there is one key head (multi-query attention), the query's heads are grouped in the same way, the
    query is not projected in reach, or the number of heads is not known on both sides.

    **Mend.** ``repeat_interleave(groups, dim=1)`` on key and value; for einops ``(h g)``.
    """

    code = "ATN504"
    name = "tiled-kv-heads"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE
    references = ("https://arxiv.org/abs/2305.13245",)

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report heads that are tiled."""
        heads = _heads(path)
        if heads is None or path.key is None or path.query is None or path.key.opaque:
            return
        found = repeated_heads(path.key, heads, path.facts)
        if found is None:
            stretched = stretched_heads(path.key, heads, path.facts)
            if stretched is not None and not _may_be_one(stretched.extent) and stretched.at.origin is not None:
                yield _finding(stretched, stretched.at.origin, heads, None)
            return
        at = found.at.origin
        if found.interleaved or at is None or _may_be_one(found.extent) or not _is_split_plainly(path, found):
            return
        yield _finding(found, at, heads, _mend(path, found, heads))


def _finding(found: RepeatedHeads, at: Origin, heads: Monomial, mend: Mend | None) -> Finding:
    if isinstance(found.at, Expand):
        effect = f"is expanded to {heads}: only an axis of extent 1 can be, and this raises; use repeat_interleave"
    else:
        effect = (
            f"is tiled {found.times} times: query head 1 reads key head 1 where it was to share key head 0 with query "
            "head 0; use repeat_interleave"
        )
    source = found.source.origin
    return Finding(
        at,
        f"{found.source.text} has {found.extent} heads and {effect}",
        related=((source, "the heads that are repeated are made here"),) if source is not None else (),
        mend=mend,
    )


def _heads(path: AttentionPath) -> Monomial | None:
    """The number of query heads: the axis, behind the first, that query, key and scores have in common."""
    if path.kind not in ("sdpa", "hand-written") or path.query is None:
        return None
    if path.product is None or path.product.equation is None:
        return heads_of(path.query.value, path.facts)
    left, right, result = path.product.equation
    common = [letter for letter in left[1:] if letter in right and letter in result]
    shape = path.facts.shape(path.query.value)
    return shape.axis(left.index(common[0])) if shape is not None and len(common) == 1 and "..." not in left else None


def _may_be_one(extent: Monomial) -> bool:
    """Whether the number of key heads is 1, or is 1 unless the constructor is told otherwise."""
    values = (strip(symbol.value) for symbol in extent.symbols)
    return extent.is_one or any(
        isinstance(value, Parameter) and value.default is not None and literal(value.default) == 1 for value in values
    )


def _is_split_plainly(path: AttentionPath, found: RepeatedHeads) -> bool:
    """Whether the query is projected in reach, and nowhere split into groups or rounds."""
    query = path.query
    if query is None or not isinstance(query.source, (Linear, Convolution)) or query.opaque:
        return False
    if any(isinstance(step, Rearrange) and _groups(step) for step in query.steps):
        return False
    shapes = [path.facts.shape(step) for step in query.steps]
    axes = [axis for shape in shapes if shape is not None for axis in shape.axes if axis is not None]
    return not any(axis.equals(part) for axis in axes for part in (found.extent, found.times))


def _groups(step: Rearrange) -> bool:
    """``b n (g h d) -> b (g h) n d``: the heads of the query are put together from groups, in an order of their own."""
    parsed = equations.parse_pattern(step.pattern)
    return parsed is None or any(len(axis) > 2 for axis in parsed[0]) or any(len(axis) > 1 for axis in parsed[1])


def _mend(path: AttentionPath, key: RepeatedHeads, heads: Monomial) -> Mend | None:
    """Key and value together: one of them alone would be as wrong."""
    if path.value is None:
        return None
    operand: Operand = Walk(path.facts).operand(path.value, "key")
    value = repeated_heads(operand, heads, path.facts)
    places: dict[object, Replacement] = {}
    for found in (key, value):
        edit = _interleaved(found, path.facts) if found is not None else None
        if edit is None:
            return None
        places[edit.at.place if isinstance(edit.at, Origin) else edit.at] = edit
    return Mend("Repeat every head in place", Tier.UNSAFE, tuple(places.values()))


def _interleaved(found: RepeatedHeads, facts: Facts) -> Replacement | None:
    origin = found.at.origin
    if origin is None or not isinstance(origin.node, cst.Call):
        return None
    if isinstance(found.at, Rearrange):
        pattern = argument(origin, 1, "pattern")
        if pattern is None or not isinstance(pattern.node, cst.SimpleString):
            return None
        left, arrow, right = pattern.node.value.partition("->")
        return Replacement(pattern, left + arrow + re.sub(r"\((\w+) (\w+)\)", r"(\2 \1)", right))
    node = origin.node
    if not isinstance(found.at, Repeat) or not isinstance(node.func, cst.Attribute):
        return None
    if len(node.args) != len(found.at.times) or any(arg.star or arg.keyword for arg in node.args):
        return None
    ones = [(known := facts.scalar(times)) is not None and known.is_one for times in found.at.times]
    if ones.count(False) != 1:
        return None
    parts = replace(origin, node=node.func.value), replace(origin, node=node.args[ones.index(False)].value)
    return Replacement(origin, f"{{0}}.repeat_interleave({{1}}, dim={ones.index(False)})", parts)
