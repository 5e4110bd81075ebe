"""ATN212 tiled-head-mask."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from attnlint.attention import AttentionPath
from attnlint.attention.spelling import argument, rewritten, written
from attnlint.attention.torch_modules import heads_of, is_batch_first
from attnlint.attention.transparent import PARTS
from attnlint.diagnostics import Tier
from attnlint.graph import equations
from attnlint.graph.facts import Facts
from attnlint.graph.scalars import Monomial, extent_of
from attnlint.graph.shapes import ExtentOf, integer
from attnlint.graph.values import (
    Cast,
    Compare,
    Index,
    MaskedFill,
    MultiHead,
    Not,
    Pointwise,
    Rank,
    Rearrange,
    Repeat,
    TransformerCall,
    Unsqueeze,
    Value,
    Where,
    key,
)
from attnlint.rule import Finding, Mend, Rule
from attnlint.triggers import SITE


class TiledHeadMask(Rule):
    """A mask for each sample is tiled for the heads, so that samples get one another's masks.

    **What it finds.** A (batch, queries, keys) mask that is repeated as ``mask.repeat(heads, 1, 1)`` (or by einops
    with ``(h b)``) and given to ``nn.MultiheadAttention`` or a Transformer as ``attn_mask``.

    **Why it hurts.** The module wants batch·heads masks in the order sample 0 head 0, sample 0 head 1, …; tiling gives
    sample 0, sample 1, … So heads of a sample are masked as other samples: outputs change by 0.42. For a batch of 1
    both are the same, so tests that use one sample miss it.

    **Silent when** axis 0 of the mask is not known to be the batch: a (heads, queries, keys) mask is to be tiled, a
    mask of one sample or of none may be.

    **Mend.** ``mask.repeat_interleave(heads, dim=0)``.
    """

    code = "ATN212"
    name = "tiled-head-mask"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE
    references = ("https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html",)

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report tiled masks."""
        call = path.anchor
        if not isinstance(call, (MultiHead, TransformerCall)) or call.origin is None:
            return
        for use in path.masks:
            tiled = _tiled(use.mask, path.facts) if use.mask is not None and use.slot == "scores" else None
            if tiled is None or tiled.origin is None or not _is_per_sample(tiled, call, path.facts):
                continue
            yield Finding(
                tiled.origin,
                f"{tiled.x.text} holds one mask for each sample and is tiled for the heads of {call.module.text}, "
                "which wants the masks of one sample next to each other: heads are masked as other samples; "
                "repeat_interleave keeps them together",
                related=((call.origin, "it masks the scores of this call"),),
                mend=_mend(tiled),
            )


def _tiled(mask: Value, facts: Facts) -> Repeat | Rearrange | None:
    """What a mask was tiled by, behind what changes neither the order nor the number of its rows."""
    value = facts.resolve(mask)
    while isinstance(value, (Cast, Not, Compare, MaskedFill, Pointwise, Where)):
        inner = value.left if isinstance(value, Compare) else value.mask if isinstance(value, MaskedFill) else None
        value = facts.resolve(inner if inner is not None else next(value.operands()))
    return value if isinstance(value, (Repeat, Rearrange)) else None


def _is_per_sample(tiled: Repeat | Rearrange, call: MultiHead | TransformerCall, facts: Facts) -> bool:
    """Whether axis 0 of what is tiled is certainly the batch."""
    if _rank(tiled.x, facts) != 3:
        return False
    times = _times(tiled, facts)
    shape = facts.shape(tiled.x)
    rows = shape.axes[0] if shape is not None and shape.rank == 3 else extent_of(tiled.x, 0, facts)
    given = heads_of(call.module, facts)
    heads = facts.scalar(given) if given is not None else None
    if times is None or rows is None or not rows.powers or rows == heads or _is_single(tiled.x, facts):
        return False
    return times == heads or rows == _batch(call, facts)


def _rank(x: Value, facts: Facts) -> int | None:
    """The rank of a mask, from its shape or from a question that the code asks before it gets here."""
    shape = facts.shape(x)
    if shape is not None and shape.rank is not None:
        return shape.rank
    return 3 if facts.world.known(("equal", key(Rank(facts.resolve(x))), 3)) else None


def _is_single(x: Value, facts: Facts) -> bool:
    value = facts.resolve(x)
    while isinstance(value, (Cast, Not, *PARTS)) and not isinstance(value, Index):
        value = facts.resolve(next(value.operands()))
    return isinstance(value, Unsqueeze) and integer(value.axis, facts) in (0, -3)


def _times(tiled: Repeat | Rearrange, facts: Facts) -> ExtentOf:
    """How often axis 0 is tiled, where no other axis is."""
    if isinstance(tiled, Repeat):
        times = [facts.scalar(count) for count in tiled.times]
        plain = len(times) == 3 and all(count is not None and count.is_one for count in times[1:])
        return times[0] if plain and times[0] is not None and not times[0].is_one else None
    left, right = equations.parse_pattern(tiled.pattern) or ((), ())
    if tiled.kind != "repeat" or len(left) != 3 or len(right) != 3 or left[1:] != right[1:] or len(right[0]) != 2:
        return None
    heads, rows = right[0]
    if (rows,) != left[0] or heads not in tiled.letters:
        return None
    return facts.scalar(tiled.sizes[tiled.letters.index(heads)])


def _batch(call: MultiHead | TransformerCall, facts: Facts) -> Monomial | None:
    """The extent of the axis that the module takes for the batch."""
    first = is_batch_first(call, facts)
    stream = call.query if isinstance(call, MultiHead) else call.stream
    return extent_of(stream, 0 if first else 1, facts) if first is not None else None


def _mend(tiled: Repeat | Rearrange) -> Mend | None:
    assert tiled.origin is not None
    count = argument(tiled.origin, 0, "repeats") if isinstance(tiled, Repeat) else None
    mask = written(tiled.origin, tiled.x)
    if count is None or mask is None or count.node is mask.node or isinstance(count.node, (cst.Tuple, cst.List)):
        return None
    edit = rewritten(tiled.origin, "{0}.repeat_interleave({1}, dim=0)", mask, count)
    return Mend("Repeat each sample's mask", Tier.UNSAFE, (edit,))
