"""ATN002 blanket-suppression."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attnlint.diagnostics import Severity, Span, Tier
from attnlint.rule import Finding, Mend, Replacement, Rule
from attnlint.suppressions import TRIGGERS, Suppression


class BlanketSuppression(Rule):
    """A comment silences every finding on its statement or in its file, without saying which.

    **What it finds.** ``# attnlint: ignore`` or ``# attnlint: ignore-file`` without codes in brackets.

    **Why it hurts.** It was written about 1 finding and hides all others that the statement or file will ever have.

    **Silent when** the comment is a ``# noqa`` without codes, which other linters read as well.

    **Mend.** Name the codes that the comment silences today.
    """

    code = "ATN002"
    name = "blanket-suppression"
    severity = Severity.WARNING
    on_by_default = False
    tiers = frozenset({Tier.SAFE, Tier.MANUAL})
    triggers = TRIGGERS

    def check_suppressions(self, suppressions: Sequence[Suppression]) -> Iterator[Finding]:
        """Report comments without codes."""
        for comment in suppressions:
            if comment.selectors is None:
                codes = ", ".join(sorted(comment.silenced))
                where = "in this file" if comment.is_file else "on this statement"
                today = f"; here it silences {codes}" if codes else ""
                message = f"the comment silences every finding {where}: name the codes in brackets{today}"
                yield Finding(comment.span, message, mend=_named(comment, codes))


def _named(comment: Suppression, codes: str) -> Mend | None:
    """The codes in brackets after the word; none where another run may silence others."""
    if not codes or not comment.is_judged:
        return None
    word = "ignore-file" if comment.is_file else "ignore"
    at = comment.row.lower().index(word, comment.start) + len(word) + 1
    return Mend(f"Name {codes}", Tier.SAFE, (Replacement(Span(comment.line, at, comment.line, at), f"[{codes}]"),))
