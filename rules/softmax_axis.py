"""ATN302 softmax-axis."""

from __future__ import annotations

from collections.abc import Iterator

from attnlint.attention import AttentionPath
from attnlint.attention.output import (
    Meeting,
    followed,
    has_sibling,
    is_contracted,
    is_summed_up,
    meetings,
    softmax_place,
)
from attnlint.attention.spelling import is_argument
from attnlint.attention.trail import Walk
from attnlint.diagnostics import Tier
from attnlint.graph.axes import Place
from attnlint.graph.shapes import integer
from attnlint.graph.values import Constant, Convolution, Linear, MaskedFill, Origin, Parameter, Softmax, Value
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.triggers import SITE


class SoftmaxAxis(Rule):
    """Softmax over another axis than the one that is summed over with the values.

    **What it finds.** The axis of the softmax, followed through transposes, permutes, views and einsum letters to the
    product with the values, is not the one that this product sums over: often ``dim=1`` or ``dim=2`` that was right
    before the tensor grew an axis for heads or batch. And softmax over an axis of extent 1, behind ``Linear(h, 1)``.

    **Why it hurts.** The weights of one query do not add up to 1, and each depends on the other queries: in a causal
    model the future leaks (0.75 to 1.67 in the outputs). Over an axis of extent 1, every weight is 1.

    **Silent when** an axis or the rank is not known, when the weights are divided by their sums, or these are computed
    (slot attention, inverted attention, Sinkhorn), and when another product does sum over the softmax's axis.

    **Mend.** The axis that is summed over.
    """

    code = "ATN302"
    name = "softmax-axis"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report a softmax that normalises what nobody sums over."""
        if not isinstance(path.anchor, Softmax) or path.anchor.origin is None:
            return
        place = softmax_place(path)
        found = meetings(path) if place is not None else []
        if place is None or not found:
            return
        if _is_single(place, path):
            yield _singleton(path, path.anchor, found[0])
        elif path.product is not None and all(_misses(place, meeting, path) for meeting in found):
            if is_summed_up(path) or has_sibling(path) or not _are_values(found[0].value, path):
                return
            yield _crossed(path, path.anchor, found[0])


def _are_values(value: Value, path: AttentionPath) -> bool:
    """Whether what the weights meet comes from a projection or is handed in, as values are: probabilities of classes
    are multiplied with predictions."""
    source = Walk(path.facts).operand(value, "call").source
    return isinstance(source, (Linear, Convolution, Parameter, MaskedFill))


def _misses(place: Place, meeting: Meeting, path: AttentionPath) -> bool:
    end = followed(place, meeting, path)
    return end is not None and is_contracted(end, meeting, path) is False


def _is_single(place: Place, path: AttentionPath) -> bool:
    """Whether a layer with one output made the axis."""
    source = path.scores_from
    width = source.out_features if isinstance(source, Linear) else None
    width = source.out_channels if isinstance(source, Convolution) else width
    made = path.facts.scalar(width) if width is not None else None
    shape = path.facts.shape(path.anchor.x) if isinstance(path.anchor, Softmax) else None
    extent = shape.axis(place.axis) if shape is not None else None
    return made is not None and made.is_one and extent is not None and extent.is_one


def _singleton(path: AttentionPath, softmax: Softmax, meeting: Meeting) -> Finding:
    source = path.scores_from
    axis = integer(softmax.axis, path.facts)
    made = source.origin if source is not None else None
    return Finding(
        _written(softmax),
        f"softmax over axis {axis} of {softmax.x.text}, which has extent 1: every weight in {meeting.weights.text} is "
        "1, and the result is a plain sum",
        related=((made, "this layer has one output"),) if made is not None else (),
        mend=_mend(softmax, meeting, path),
    )


def _crossed(path: AttentionPath, softmax: Softmax, meeting: Meeting) -> Finding:
    axis = integer(softmax.axis, path.facts)
    right = _right(meeting, path)
    over = f"axis {right} of the weights is" if right is not None else "another axis is"
    return Finding(
        _written(softmax),
        f"softmax is taken over axis {axis} of {softmax.x.text}, but {over} summed over with {meeting.value.text}: the "
        "weights of one query do not add up to 1, and depend on the other queries (the future leaks by 0.75 to 1.67)",
        related=tuple(_evidence(meeting, softmax)),
        mend=_mend(softmax, meeting, path),
    )


def _evidence(meeting: Meeting, softmax: Softmax) -> Iterator[tuple[Origin, str]]:
    if meeting.product.origin is not None:
        yield meeting.product.origin, "the weights meet the values here"
    if softmax.origin is not None and _written(softmax) is not softmax.origin:
        yield softmax.origin, "softmax is taken here"


def _written(softmax: Softmax) -> Origin:
    """The axis where it is an argument of its own, else the softmax."""
    assert softmax.origin is not None
    at = softmax.axis.origin
    return at if isinstance(softmax.axis, Constant) and at is not None and is_argument(at) else softmax.origin


def _right(meeting: Meeting, path: AttentionPath) -> int | None:
    """The axis that softmax should be taken over, from the end."""
    for axis in (-1, -2, -3, -4):
        end = followed(Place(axis, _rank(path)), meeting, path)
        if end is not None and is_contracted(end, meeting, path):
            return axis
    return None


def _rank(path: AttentionPath) -> int | None:
    place = softmax_place(path)
    return place.rank if place is not None else None


def _mend(softmax: Softmax, meeting: Meeting, path: AttentionPath) -> Mend | None:
    at, right = _written(softmax), _right(meeting, path)
    if at is softmax.origin or right is None:
        return None
    return Mend(f"Take softmax over axis {right}", Tier.UNSAFE, (Replacement(at, str(right)),))
