"""ATN505 reversed-kv-cat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from attnlint.attention import AttentionPath
from attnlint.attention.caches import Joined, cached, is_handed_on, outlives, value_operand
from attnlint.attention.future import flag_of, is_given
from attnlint.attention.transparent import beneath
from attnlint.diagnostics import Tier
from attnlint.graph.masks import number
from attnlint.graph.values import Cast, Cat, Origin, Transpose, Value
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.triggers import SITE


class ReversedKvCat(Rule):
    """A cache is joined with what is new in the wrong order, or along the wrong axis.

    **What it finds.** ``torch.cat([k, past_k], dim=-2)`` where the result is handed on as the next call's cache, and a
    mask, ``is_causal`` or a bias tells the keys apart by their places; a key joined in one order and its value in the
    other; and a cache that is joined along another axis than the sequence.

    **Why it hurts.** Masks and biases count on the old keys being the first: in a chunked prompt the new tokens see the
    wrong keys (outputs move by 1.07). With neither, attention does not see the order. Along another axis the shapes do
    not fit, or the new heads are taken for more of the old.

    **Silent when** nothing depends on the order, the mask is joined as well, what is joined is not kept for the next
    call (a prefix, a second stream, extra keys behind the others), the query is joined like the key, or the layout of
    the keys is not known.

    **Mend.** Put the cache first, for key and value alike.
    """

    code = "ATN505"
    name = "reversed-kv-cat"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report a cache that stands behind what is new."""
        keys, values = cached(path.key, path.facts), cached(value_operand(path), path.facts)
        if keys is None or not isinstance(keys.at, Cat) or cached(path.query, path.facts) is not None:
            return
        if values is not None and isinstance(values.at, Cat) and values.is_reversed != keys.is_reversed:
            wrong = keys if keys.is_reversed else values
            yield from _reversed(wrong, (wrong,), "so that weights of one token meet the value of another")
        elif keys.is_reversed and outlives(keys.at, path):
            reason = _order_matters(path)
            both = (keys,) if values is None or not isinstance(values.at, Cat) else (keys, values)
            if reason is not None:
                yield from _reversed(keys, both, reason)
        elif not keys.is_reversed and is_handed_on(keys, path):
            yield from _along(keys, path)


def _order_matters(path: AttentionPath) -> str | None:
    flag = flag_of(path)
    if flag is not None and path.facts.truth(flag):
        return "and is_causal=True counts the keys from the first"
    for use in path.masks:
        if use.how == "triangle" or (use.mask is not None and _tells_apart(use.mask, path)):
            name = use.mask.text if use.mask is not None else "the triangle"
            return f"and {name} tells the keys apart by their places"
    return None


def _tells_apart(mask: Value, path: AttentionPath) -> bool:
    """Whether a mask is given, and not joined like the keys: perhaps in their order."""
    value = beneath(mask, path.facts)
    return is_given(mask, path) and not isinstance(value, Cat)


def _reversed(wrong: Joined, both: tuple[Joined, ...], reason: str) -> Iterator[Finding]:
    origin = wrong.at.origin
    if origin is None or wrong.new is None or wrong.old is None:
        return
    yield Finding(
        origin,
        f"{wrong.new.text} is put before {wrong.old.text}, which an earlier call kept, {reason}: new tokens attend to "
        "the wrong ones (outputs move by 1.07); put the cache first",
        related=((wrong.cache.origin, f"{wrong.cache.text} comes in here"),) if wrong.cache.origin is not None else (),
        mend=_mend(both),
    )


def _mend(joined: tuple[Joined, ...]) -> Mend | None:
    """The two items change places, in each call."""
    edits: list[Replacement] = []
    for origin in (one.at.origin for one in joined):
        items = _items(origin) if origin is not None else None
        if items is None:
            return None
        first, second = items
        edits += [Replacement(first, "{0}", (second,)), Replacement(second, "{0}", (first,))]
    return Mend("Put the cache first", Tier.UNSAFE, tuple(edits))


def _items(call: Origin) -> tuple[Origin, Origin] | None:
    """The two tensors as written in the call."""
    if not isinstance(call.node, cst.Call) or not call.node.args:
        return None
    given = call.node.args[0].value
    if not isinstance(given, (cst.List, cst.Tuple)) or len(given.elements) != 2:
        return None
    first, second = given.elements
    return replace(call, node=first.value), replace(call, node=second.value)


def _along(joined: Joined, path: AttentionPath) -> Iterator[Finding]:
    """A cache that is joined along batch, heads or head_dim: seen where nothing stands between it and the product."""
    origin = joined.at.origin
    if path.key is None or origin is None or not isinstance(joined.at, Cat) or joined.new is None:
        return
    if path.product is not None and path.product.equation is not None:
        return
    before = path.key.steps[: path.key.steps.index(joined.at)]
    moved = [step for step in before if not isinstance(step, Cast)]
    if path.kind == "hand-written":
        if len(moved) != 1 or not _swaps_last(moved[0], path):
            return
    elif moved or path.kind != "sdpa":
        return
    axis, shape = number(joined.at.axis, path.facts), path.facts.shape(joined.new)
    rank = shape.rank if shape is not None else None
    if axis is None or (axis >= 0 and rank is None):
        return
    place = int(axis) if axis < 0 else int(axis) - (rank or 0)
    if place == -2:
        return
    what = {-1: "head_dim", -3: "the heads"}.get(place, "the batch")
    yield Finding(
        origin,
        f"{joined.new.text} is joined with what {joined.cache.text} kept along {what} (dim={int(axis)}) instead of the "
        "sequence (dim=-2): the shapes do not fit, or the cache's tokens are taken for something else",
        related=((path.anchor.origin, "the keys are read here"),) if path.anchor.origin is not None else (),
        mend=None,
    )


def _swaps_last(step: object, path: AttentionPath) -> bool:
    if not isinstance(step, Transpose):
        return False
    axes = {number(step.first, path.facts), number(step.second, path.facts)}
    return axes in ({-2, -1}, {2, 3})
