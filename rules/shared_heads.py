"""ATN507 shared-heads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import libcst as cst

from attnlint.attention import AttentionPath, Operand
from attnlint.attention.importing import spelled
from attnlint.attention.parameters import class_name, contents, has_parameters
from attnlint.attention.transparent import LAYOUT
from attnlint.diagnostics import Tier
from attnlint.graph.analysis import DefinitionGraph
from attnlint.graph.facts import Facts
from attnlint.graph.shapes import TensorShape
from attnlint.graph.values import (
    Convolution,
    Items,
    Linear,
    Origin,
    Rearrange,
    Repeating,
    TorchModule,
    Unflatten,
    Value,
    View,
    strip,
)
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.syntax.walk import holds
from attnlint.triggers import SITE

_CONTAINERS = tuple(rf"{name}\w*\([\s*(]{{0,80}}" for name in ("ModuleList", "Sequential"))


class SharedHeads(Rule):
    """Heads or layers that are meant to learn each on its own are one and the same module.

    **What it finds.** ``nn.ModuleList([layer] * n)``, also as an attribute or in an ``nn.Sequential``: the list holds
    one object ``n`` times. And one ``nn.Linear(head_dim, head_dim)`` applied to the input after it was split into
    heads, so that every head is projected by the same weights.

    **Why it hurts.** All n train the same weights: of 34,176 parameters in four layers 8,544 are left. Heads that are
    projected alike can differ by their part of the input alone.

    **Silent when** the module holds no parameters, is an attribute by itself (sharing that is declared, as in ALBERT),
    is applied in a loop, or is copied (``copy.deepcopy(layer)``), or is a single layer of torch that was given a name
    first (prediction heads tied over the layers of a decoder); when another arm of a branch makes the modules one by
    one, as in N-BEATS; for projections, when heads were projected apart before.

    **Mend.** Make the module anew, or copy it, for each item. Projections after the split are for you to move.
    """

    code = "ATN507"
    name = "shared-heads"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = (
        *SITE,
        *(container + r"\[[^\[\]\n]*\]\s*\*" for container in _CONTAINERS),
        *(container + r"\w+\s*\*\s*\[" for container in _CONTAINERS),
        r"\)\s*\]\s*\*\s*[\w(]",
        r"self\.\w+ *= *\[\w+\] *\*",
        r"= *\[\w+\] *\*[^\n]{0,400}\n(?s:.{0,300}?)(?:ModuleList|Sequential)",
    )
    references = ("https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html",)

    def check_definition(self, graph: DefinitionGraph) -> Iterator[Finding]:
        """Report lists of one module n times."""
        for listed, module in _multiplied(graph):
            assert listed.origin is not None
            if not has_parameters(module, graph) or not _is_kept(listed, module, graph):
                continue
            if _is_declared(module, graph) or _is_tied(listed, module) or _is_one_of_two(listed, module, graph):
                continue
            related = ((module.origin, "this is the one module"),) if module.origin is not None else ()
            yield Finding(
                listed.origin,
                f"{listed.origin.code} holds one and the same {class_name(module)} again and again: all items share "
                "its weights, and train as one",
                related=related,
                mend=_mend(listed.origin, graph),
            )

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report a projection of head_dim features after the split into heads."""
        for operand in (path.query, path.key):
            found = _after_split(operand, path.facts) if operand is not None else None
            if found is None:
                continue
            projection, split = found
            module = projection.module
            at = module.origin if module is not None and module.origin is not None else projection.origin
            if at is not None and split.origin is not None:
                yield Finding(
                    at,
                    f"{projection.module.text if projection.module is not None else at.code} projects {split.text} "
                    "after its split into heads: every head is projected by the same weights; project all features, "
                    "then split",
                    related=((split.origin, "the heads are split here"),),
                )
                return


def _multiplied(graph: DefinitionGraph) -> Iterator[tuple[Value, Value]]:
    """``[module] * n``, with the module."""
    for value in graph.values:
        if value.origin is None or not isinstance(value.origin.node, cst.BinaryOperation):
            continue
        if isinstance(value, Repeating) and value.same:
            yield value, strip(value.item)
        elif isinstance(value, Items) and len(value.items) > 1 and len({id(item) for item in value.items}) == 1:
            yield value, strip(value.items[0])


def _is_declared(module: Value, graph: DefinitionGraph) -> bool:
    """Whether the one module is an attribute by itself: sharing is meant."""
    return any(strip(store.value) is module and not store.appends for store in graph.stores)


def _is_tied(listed: Value, module: Value) -> bool:
    """``head = nn.Linear(…)`` and ``[head] * layers``: one prediction head behind every layer, tied as in DETR."""
    is_single = isinstance(module, TorchModule) and module.kind.endswith("Linear")
    is_named = listed.origin is None or module.origin is None or not holds(listed.origin.node, module.origin.node)
    return is_single and is_named


def _is_one_of_two(listed: Value, module: Value, graph: DefinitionGraph) -> bool:
    """Whether another arm of a branch makes such modules one by one: who chooses between the two knows both."""
    if listed.origin is None or not listed.origin.guard:
        return False
    others = (value for value in graph.all(Repeating) if not value.same)
    return any(class_name(strip(other.item)) == class_name(module) for other in others)


def _is_kept(listed: Value, module: Value, graph: DefinitionGraph) -> bool:
    """Whether the list, or what it holds, becomes a container of modules or an attribute."""
    if any(strip(store.value) is listed and not store.appends for store in graph.stores):
        return True
    for value in graph.values:
        if isinstance(value, (Items, Repeating)) and value.registers and any(m is module for m in contents(value)):
            return True
        if isinstance(value, TorchModule) and any(m is module for a in value.arguments for m in contents(a)):
            return True
    return False


def _mend(origin: Origin, graph: DefinitionGraph) -> Mend | None:
    """A comprehension that makes the module anew where it is made in the list, and copies it where it has a name."""
    node = origin.node
    assert isinstance(node, cst.BinaryOperation)
    items, times = (node.left, node.right) if isinstance(node.left, cst.List) else (node.right, node.left)
    if not isinstance(items, cst.List) or len(items.elements) != 1:
        return None
    made = items.elements[0].value
    parts = replace(origin, node=made), replace(origin, node=times)
    if isinstance(made, cst.Call):
        edit = Replacement(origin, "[{0} for _ in range({1})]", parts)
        return Mend("Make one for each item", Tier.UNSAFE, (edit,))
    copied = spelled("copy.deepcopy", graph)
    if copied is None:
        return None
    edit = Replacement(origin, f"[{copied.text}({{0}}) for _ in range({{1}})]", parts)
    return Mend("Copy it", Tier.UNSAFE, (edit, *copied.imports))


def _after_split(operand: Operand, facts: Facts) -> tuple[Linear, Value] | None:
    """The projection of the last axis alone of what was split into heads before, and the split."""
    projection = operand.source
    if not isinstance(projection, Linear):
        return None
    width, out = facts.scalar(projection.in_features), facts.scalar(projection.out_features)
    split: Value | None = None
    value = facts.resolve(projection.x)
    while isinstance(value, LAYOUT):
        shape = facts.shape(value) if isinstance(value, (View, Unflatten, Rearrange)) else None
        if split is None and shape is not None and _splits(shape):
            split = value
        value = facts.resolve(next(value.operands()))
    if (
        split is None
        or width is None
        or out is None
        or not width.equals(out)
        or isinstance(value, (Linear, Convolution))
    ):
        return None
    last = (facts.shape(split) or TensorShape(())).axis(-1)
    return (projection, split) if last is not None and last.equals(width) else None


def _splits(shape: TensorShape) -> bool:
    """Whether the last axis is some width over the number of heads, which stand on the axis before it."""
    heads, head_dim = shape.axis(-2), shape.axis(-1)
    if heads is None or head_dim is None or len(heads.powers) != 1:
        return False
    symbol, exponent = next(iter(heads.powers))
    return exponent == 1 and (symbol, Fraction(-1)) in head_dim.powers
