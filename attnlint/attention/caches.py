"""Keys and values that are longer than the query: what was kept from earlier calls, joined with what is new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from attnlint.attention.site import AttentionPath, Operand
from attnlint.attention.trail import Walk
from attnlint.attention.transparent import LAYOUT, PARTS
from attnlint.graph.facts import Facts
from attnlint.graph.values import (
    Add,
    Assigned,
    Attribute,
    Cat,
    Constant,
    Convolution,
    Extent,
    Instance,
    Items,
    Linear,
    Mapping,
    Parameter,
    Phi,
    Stack,
    Subtract,
    Tri,
    Unknown,
    Value,
    key,
    strip,
)


@dataclass(frozen=True)
class Joined:
    """A cache joined with what is new: ``cat([cache, new])``, a write into it, or its own ``update``."""

    at: Value
    cache: Value
    """The tensor, parameter or object that the code keeps."""
    new: Value | None = None
    old: Value | None = None
    """The cache as it is joined: a part of ``cache``."""
    is_reversed: bool = False
    """Whether what is new stands before what is old."""


def cached(operand: Operand | None, facts: Facts) -> Joined | None:
    """Where a key or value was joined with a cache on the way to its site, None where it was not."""
    if operand is None:
        return None
    return next((found for step in operand.steps if (found := _joined(step, facts)) is not None), None)


def value_operand(path: AttentionPath) -> Operand | None:
    """The value, followed back as the key is."""
    return Walk(path.facts).operand(path.value, "query") if path.value is not None else None


def _joined(step: Value, facts: Facts) -> Joined | None:
    match step:
        case Cat(items=(first, second)):
            old, new = kept(first, facts), kept(second, facts)
            if old is not None and new is None:
                return Joined(step, old, second, first)
            if new is not None and old is None:
                return Joined(step, new, first, second, is_reversed=True)
        case Assigned(x=x, item=item):
            written = _root(x, facts)
            if isinstance(written, Attribute) or (isinstance(written, Parameter) and not written.of_constructor):
                return Joined(step, written, item)
        case Unknown(inputs=inputs):
            call = next((facts.resolve(value) for value in inputs), None)
            for made in (step, call):
                if isinstance(made, Unknown) and _is_update(made) and made.inputs:
                    whole = kept(made.inputs[0], facts)
                    if whole is not None:
                        return Joined(made, whole)
    return None


def _is_update(value: Unknown) -> bool:
    """``cache.update(key, value, …)``, as the caches of Hugging Face spell it."""
    node = value.origin.node if value.origin is not None else None
    return (
        isinstance(node, cst.Call)
        and isinstance(node.func, cst.Attribute)
        and node.func.attr.value == "update"
        and len(node.args) >= 2
    )


def is_handed_on(joined: Joined, path: AttentionPath) -> bool:
    """Whether a later call can find what was joined, or what was new: only then is the other part a cache, and not
    just something more to attend to (a prefix, a second stream)."""
    if not isinstance(joined.at, Cat):
        return True
    return outlives(joined.at, path) or (joined.new is not None and outlives(joined.new, path))


def outlives(value: Value, path: AttentionPath) -> bool:
    """Whether a tensor is returned, or stored in an attribute, so that a later call can find it: as it is, in another
    layout, or in a tuple or dict."""
    wanted, seen = key(strip(value)), set[int]()
    waiting = list(path.graph.outcome)
    while waiting:
        held = strip(waiting.pop())
        if id(held) in seen:
            continue
        seen.add(id(held))
        if key(held) == wanted:
            return True
        if isinstance(held, (*LAYOUT, Items, Mapping, Phi, Stack)):
            waiting.extend(held.operands())
    return False


def kept(value: Value, facts: Facts) -> Value | None:
    """What a tensor is a part of, if that is kept between calls: an argument or attribute that is sometimes None."""
    root = _root(value, facts)
    if isinstance(root, Parameter):
        is_optional = not root.of_constructor and isinstance(root.default, Constant) and root.default.value is None
        return root if is_optional or _is_checked(root, facts) else None
    if isinstance(root, (Attribute, Unknown)):
        return root if _is_checked(root, facts) else None
    return None


def _is_checked(value: Value, facts: Facts) -> bool:
    """Whether the way to this world asks if the value is there: it is not None here, and is elsewhere."""
    return any(facts.world.assumed.get((kind, key(value), None)) is truth for kind, truth in _PRESENT)


_PRESENT = (("none", False), ("true", True))


def _root(value: Value, facts: Facts) -> Value:
    """The argument or attribute that a tensor is a part of."""
    held = facts.resolve(value)
    while True:
        if isinstance(held, (*LAYOUT, *PARTS)):
            held = facts.resolve(next(held.operands()))
        elif (
            isinstance(held, Attribute) and not isinstance(strip(held.base), Instance) and not _is_checked(held, facts)
        ):
            held = facts.resolve(held.base)
        elif isinstance(held, Unknown) and len(held.inputs) == 1 and not _is_checked(held, facts):
            held = facts.resolve(held.inputs[0])
        else:
            return held


def aligned_to_the_end(path: AttentionPath) -> Tri | None:
    """A triangle that the same code makes for the same query and key, with the last key under the last query:
    ``triu(k_len - q_len + 1)``. Such code expects more keys than queries."""
    if path.query is None or path.key is None:
        return None
    queries, keys = ({key(step) for step in operand.steps} for operand in (path.query, path.key))
    if queries & keys or _is_of_one_input(path.query, path.key, path.facts):
        return None
    for triangle in path.graph.all(Tri):
        lengths = list(_extents(triangle.diagonal, path.facts))
        owners = [key(path.facts.resolve(extent.x)) for extent in lengths]
        if len(owners) == 2 and owners[0] in keys and owners[1] in queries:
            return triangle
    return None


def _is_of_one_input(query: Operand, keys: Operand, facts: Facts) -> bool:
    """Whether both are projections of the same tensor, so that they are as long as it is."""
    ends = [end for end in (query.source, keys.source) if isinstance(end, (Linear, Convolution))]
    return len(ends) == 2 and key(facts.resolve(ends[0].x)) == key(facts.resolve(ends[1].x))


def _extents(diagonal: Value, facts: Facts) -> Iterator[Extent]:
    """The two lengths of which a diagonal is the difference, with a number added or not."""
    value = facts.resolve(diagonal)
    if isinstance(value, Add) and isinstance(facts.resolve(value.right), Constant):
        value = facts.resolve(value.left)
    elif isinstance(value, Add) and isinstance(facts.resolve(value.left), Constant):
        value = facts.resolve(value.right)
    if isinstance(value, Subtract):
        for side in (value.left, value.right):
            extent = facts.resolve(side)
            if isinstance(extent, Extent):
                yield extent
