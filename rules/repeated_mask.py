"""ATN218 repeated-mask."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from attnlint.attention import AttentionPath
from attnlint.attention.masking import is_computed
from attnlint.diagnostics import Severity, Tier
from attnlint.graph.facts import Facts
from attnlint.graph.masks import number
from attnlint.graph.values import Add, Constant, Learned, Origin, Value, key
from attnlint.rule import Finding, Rule
from attnlint.triggers import SITE


class RepeatedMask(Rule):
    """The same mask is added to the scores twice.

    **What it finds.** One value that is added to the scores, or into what is added to them, a second time on one path.

    **Why it hurts.** Two of ``torch.finfo(dtype).min`` add up to −inf, so that a row that both mask in full is NaN
    where one of them alone would have left it uniform: 1 sample of 3 in the fixture. A bias is doubled.

    **Silent when** the two are not certainly the same value, or are computed by layers.

    **Mend.** Drop one of the two; which one is for you to say.
    """

    code = "ATN218"
    name = "repeated-mask"
    severity = Severity.WARNING
    tiers = frozenset({Tier.MANUAL})
    triggers = SITE

    def check_path(self, path: AttentionPath) -> Iterator[Finding]:
        """Report terms that were added before."""
        seen: dict[Hashable, Origin] = {}
        for use in path.masks:
            if use.how not in ("add", "argument") or use.mask is None or use.at.origin is None:
                continue
            for term, at in _terms(use.mask, use.at.origin, path.facts, seen, 8):
                if not _may_be_mask(term, path):
                    continue
                yield Finding(
                    at,
                    f"{term.text} is added to the scores a second time: where it is finfo.min, the sum is −inf, and a "
                    "row that is masked in full becomes NaN; add it once",
                    related=((seen[_identity(term, path.facts)], f"{term.text} is added here first"),),
                )


def _identity(term: Value, facts: Facts) -> Hashable:
    return key(facts.resolve(term))


def _terms(
    term: Value, at: Origin, facts: Facts, seen: dict[Hashable, Origin], depth: int
) -> Iterator[tuple[Value, Origin]]:
    """What a mask is the sum of, where it was ``seen`` before, with the addition."""
    held = facts.resolve(term)
    if number(held, facts) is not None or isinstance(held, Constant):
        return
    if key(held) in seen:
        yield term, at
        return
    seen[key(held)] = at
    if isinstance(held, Add) and held.origin is not None and depth:
        for side in (held.left, held.right):
            yield from _terms(side, held.origin, facts, seen, depth - 1)


def _may_be_mask(term: Value, path: AttentionPath) -> bool:
    """Whether a term is no table that is learned, and not computed by layers."""
    fact = path.facts.mask(term)
    if fact is not None:
        return fact.representation == "additive"
    return not isinstance(path.facts.resolve(term), Learned) and not is_computed(term, path)
