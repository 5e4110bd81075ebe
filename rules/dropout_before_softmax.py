"""ATN305 dropout-before-softmax."""

from __future__ import annotations

from collections.abc import Iterator

from attnlint.attention import AttentionPath
from attnlint.attention.masking import scores_are_raw
from attnlint.attention.moving import moved_after
from attnlint.attention.output import meetings
from attnlint.attention.spelling import written
from attnlint.diagnostics import Severity, Tier
from attnlint.graph.values import Dropout, Origin, Product, literal
from attnlint.rule import Finding, Mend, Rule
from attnlint.triggers import SITE


class DropoutBeforeSoftmax(Rule):
    """Dropout on the scores instead of on the weights.

    **What it finds.** Dropout between the product of query and key and the softmax.

    **Why it hurts.** A dropped score is 0, an average score, and not a weight of 0: the key is attended all the same,
    and where masks come first, a dropped −1e9 is attended like any other key. The other scores grow by 1/(1 − p), so
    that training sees sharper weights than evaluation.

    **Silent when** the probability is 0 on the path, dropout is told ``training=False``, or what softmax is taken of is
    not known to be scores of a query and a key.

    **Mend.** The same dropout on the weights.
    """

    code = "ATN305"
    name = "dropout-before-softmax"
    severity = Severity.WARNING
    tiers = frozenset({Tier.UNSAFE, Tier.MANUAL})
    triggers = SITE

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report dropout of scores."""
        if not isinstance(path.scores_from, Product) or not scores_are_raw(path):
            return
        for dropout in path.score_dropouts:
            if dropout.origin is None or _is_off(dropout, path) or not meetings(path):
                continue
            yield _finding(dropout, dropout.origin, path)


def _is_off(dropout: Dropout, path: AttentionPath) -> bool:
    told = path.facts.resolve(dropout.training) if dropout.training is not None else None
    return literal(path.facts.resolve(dropout.p)) in (0, 0.0) or (told is not None and literal(told) is False)


def _finding(dropout: Dropout, at: Origin, path: AttentionPath) -> Finding:
    softmax = path.anchor.origin
    return Finding(
        at,
        f"dropout is applied to {dropout.x.text} before softmax: a dropped score is 0, an average score, so the "
        "key is attended all the same, and the other scores grow in training alone; drop weights instead",
        related=((softmax, "softmax is taken here"),) if softmax is not None else (),
        mend=_mend(dropout, at, softmax),
    )


def _mend(dropout: Dropout, at: Origin, softmax: Origin | None) -> Mend | None:
    given = written(at, dropout.x, "input")
    moved = moved_after(at, given, softmax) if given is not None and softmax is not None else ()
    return Mend("Drop weights", Tier.UNSAFE, moved) if moved else None
