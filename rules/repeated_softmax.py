"""ATN303 repeated-softmax."""

from __future__ import annotations

from collections.abc import Iterator

from attnlint.attention import AttentionPath
from attnlint.attention.before import Earlier, earlier_softmax, is_of_same_axis
from attnlint.attention.spelling import written
from attnlint.attention.statements import taken_off
from attnlint.diagnostics import Tier
from attnlint.graph.values import Dropout, Softmax
from attnlint.rule import Finding, Mend, Rule
from attnlint.triggers import SITE


class RepeatedSoftmax(Rule):
    """Softmax of what is softmax's result already.

    **What it finds.** Weights that go through a second softmax on the same path, masked, scaled, dropped out or cast
    in between.

    **Why it hurts.** Weights lie between 0 and 1, and softmax of such numbers is nearly uniform: over 8 keys no weight
    can exceed 0.28, whatever the scores are.

    **Silent when** the two are taken over different axes, of weights that were sharpened on purpose (a factor above 1),
    or of anything that was computed from the weights in between.

    **Mend.** One softmax: the first goes where masks or scales come after it, which belong to the scores; the second
    goes where dropout does, which belongs to the weights.
    """

    code = "ATN303"
    name = "repeated-softmax"
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report a softmax whose argument is a softmax."""
        earlier = earlier_softmax(path)
        if earlier is None or path.anchor.origin is None or not is_of_same_axis(earlier, path):
            return
        assert isinstance(path.anchor, Softmax)
        first = earlier.softmax.origin
        yield Finding(
            path.anchor.origin,
            f"softmax of {path.anchor.x.text}, which is the result of a softmax: numbers between 0 and 1 come out "
            "nearly uniform (over 8 keys no weight exceeds 0.28)",
            related=((first, "the first softmax is taken here"),) if first is not None else (),
            mend=_mend(earlier, path.anchor),
        )


def _mend(earlier: Earlier, second: Softmax) -> Mend | None:
    """The softmax that goes is replaced by what it is taken of."""
    gone = second if any(isinstance(step, Dropout) for step in earlier.steps) else earlier.softmax
    at = gone.origin
    given = written(at, gone.x, "input") if at is not None else None
    return Mend("Take softmax once", Tier.UNSAFE, (taken_off(at, given),)) if at and given else None
