"""ATN211 mask-shape."""

from __future__ import annotations

from collections.abc import Iterator

from attnlint.attention import AttentionPath, MaskUse
from attnlint.attention.spelling import argument, rewritten, written
from attnlint.attention.transparent import LAYOUT, beneath
from attnlint.diagnostics import Tier
from attnlint.graph.scalars import Monomial
from attnlint.graph.shapes import TensorShape
from attnlint.graph.values import Compare, MaskedFill, Not, Origin, Sdpa, Value
from attnlint.rule import Finding, Mend, Rule
from attnlint.triggers import SITE


class MaskShape(Rule):
    """The mask's batch axis is lined up with another axis of the scores.

    **What it finds.** A (batch, keys) or (batch, queries, keys) mask applied to (batch, heads, queries, keys) scores,
    and a padding mask that stands on the query axis. Shapes are lined up from the right, so the batch axis of the mask
    meets the heads or the queries.

    **Why it hurts.** The call raises; where batch equals heads or the number of tokens it is silent, and every sample
    is masked with other samples' padding: outputs change by 1.8 with the rest of the batch.

    **Silent when** the shape of the mask or of the scores is not known on both sides.

    **Mend.** ``mask[:, None, None, :]`` for a padding mask, ``mask[:, None]`` for one mask a sample, and
    ``mask.transpose(-2, -1)`` for one that stands on the query axis.
    """

    code = "ATN211"
    name = "mask-shape"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report masks whose known axes do not line up."""
        if path.product is None and not isinstance(path.anchor, Sdpa):
            return
        for use in path.masks:
            if use.how == "add" and (use.mask is None or path.facts.mask(use.mask) is None):
                continue
            scores, mask = _scores(path, use), path.facts.shape(use.mask) if use.mask is not None else None
            if scores is None or mask is None or scores.open or mask.open or use.mask is None:
                continue
            wrong = _misplaced(mask, scores)
            if use.at.origin is not None and _hides_queries(use, mask, scores, path):
                yield Finding(
                    _written(use) or use.at.origin,
                    f"{use.mask.text} has shape {mask} and the scores {scores}: the padding mask stands on the query "
                    "axis, so padded queries are masked and padded keys are attended; it belongs on the last axis",
                    related=tuple(_evidence(use.mask)),
                    mend=_changed(use, "{0}.transpose(-2, -1)"),
                )
            if wrong is not None and use.at.origin is not None:
                place, meets = wrong
                yield Finding(
                    _written(use) or use.at.origin,
                    f"{use.mask.text} has shape {mask} and the scores {scores}: shapes are lined up from the right, so "
                    f"axis {place} of the mask, the batch, meets {meets}; this raises, or silently masks the wrong "
                    "samples where the two extents are equal",
                    related=tuple(_evidence(use.mask)),
                    mend=_lined_up(use, mask, scores) if place == 0 else None,
                )


def _scores(path: AttentionPath, use: MaskUse) -> TensorShape | None:
    """Shape of what the mask is applied to."""
    if isinstance(use.at, MaskedFill):
        return path.facts.shape(use.at.x)
    if path.product is not None:
        return path.facts.shape(path.product)
    if isinstance(path.anchor, Sdpa):
        query, key = path.facts.shape(path.anchor.query), path.facts.shape(path.anchor.key)
        if query is None or key is None or query.open or len(query.axes) < 2 or len(key.axes) < 2:
            return None
        return TensorShape((*query.axes[:-1], key.axis(-2)))
    return None


def _misplaced(mask: TensorShape, scores: TensorShape) -> tuple[int, str] | None:
    """The mask's axis that carries the batch but meets another axis of the scores, and which one it meets."""
    batch = scores.axes[0] if scores.axes else None
    if batch is None or not batch.powers or len(mask.axes) >= len(scores.axes) or len(scores.axes) < 3:
        return None
    for place, extent in enumerate(mask.axes):
        other = scores.axis(place - len(mask.axes))
        if extent is None or other is None or not extent.equals(batch) or other.equals(batch):
            continue
        return place, _axis_name(place - len(mask.axes), len(scores.axes), other)
    return None


def _hides_queries(use: MaskUse, mask: TensorShape, scores: TensorShape, path: AttentionPath) -> bool:
    """A (batch, tokens) mask unsqueezed to (batch, 1, tokens, 1), and nothing else that masks."""
    queries = mask.axis(-2)
    if len(mask.axes) != len(scores.axes) or len(mask.axes) < 3 or queries is None or len(path.masks) > 1:
        return False
    ones = all(extent is not None and extent.is_one for extent in (mask.axes[-1], *mask.axes[1:-2]))
    return ones and bool(queries.powers) and not _is_combined(use.mask, path)


def _is_combined(mask: Value | None, path: AttentionPath) -> bool:
    """Whether a mask is made of several, one of which may stand on the keys."""
    if mask is None:
        return True
    shape = path.facts.shape(beneath(mask, path.facts, (*LAYOUT, Not, Compare)))
    return shape is None or shape.rank != 2


def _axis_name(axis: int, rank: int, extent: Monomial) -> str:
    if axis == -1:
        return f"the keys ({extent})"
    if axis == -2:
        return f"the queries ({extent})"
    return f"the heads ({extent})" if rank == 4 else f"axis {axis} ({extent})"


def _written(use: MaskUse) -> Origin | None:
    """The mask, where it is the argument of a fused call."""
    origin = use.at.origin
    if origin is None or use.mask is None or not isinstance(use.at, Sdpa):
        return None
    return written(origin, use.mask, "attn_mask") or argument(origin, 3, "attn_mask")


def _lined_up(use: MaskUse, mask: TensorShape, scores: TensorShape) -> Mend | None:
    """A mask of one row, or one matrix, for each sample, with axes of extent 1 put between."""
    missing = len(scores.axes) - len(mask.axes)
    batch, last, keys = mask.axes[0], mask.axes[-1], scores.axes[-1]
    if batch is None or last is None or keys is None or not last.equals(keys):
        return None
    if scores.axes[0] is None or not batch.equals(scores.axes[0]) or len(mask.axes) not in (2, 3):
        return None
    index = ":, " + "None, " * missing + ":" if len(mask.axes) == 2 else ":" + ", None" * missing
    return _changed(use, f"{{0}}[{index}]")


def _changed(use: MaskUse, text: str) -> Mend | None:
    keyword = "attn_mask" if isinstance(use.at, Sdpa) else "mask"
    at = written(use.at.origin, use.mask, keyword) if use.at.origin is not None and use.mask is not None else None
    return None if at is None else Mend("Line the mask up", Tier.UNSAFE, (rewritten(at, text, at),))


def _evidence(mask: Value) -> Iterator[tuple[Origin, str]]:
    if mask.origin is not None:
        yield mask.origin, "the mask gets its shape here"
