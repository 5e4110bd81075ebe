"""ATN001 unused-suppression."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attnlint.diagnostics import Severity, Tier
from attnlint.rule import Finding, Mend, Rule
from attnlint.suppressions import TRIGGERS, Suppression


class UnusedSuppression(Rule):
    """A comment silences a finding that is not there.

    **What it finds.** An ``# attnlint: ignore`` or a code in it, or one of these codes in a ``# noqa``, on a statement
    for which nothing of the kind is reported; an ``# attnlint: ignore-file`` or a code in it, in a file for which
    nothing of the kind is reported, or behind code, where it counts for nothing.

    **Why it hurts.** The comment says that something is wrong on purpose where nothing is wrong any more, and it will
    hide the next mistake there: 1 stale comment is 1 statement that is no longer checked.

    **Silent when** a rule that the comment names was not selected in this run, or could not look at the definition;
    of a comment without codes, or with the beginning of some, when a rule that is on by default was not. A comment
    that names ATN001 itself keeps what stands beside it.

    **Mend.** Take out the code, or the whole comment with its reason; other words on the line stay.
    """

    code = "ATN001"
    name = "unused-suppression"
    severity = Severity.WARNING
    unnecessary = True
    tiers = frozenset({Tier.SAFE})
    triggers = TRIGGERS

    def check_suppressions(self, suppressions: Sequence[Suppression]) -> Iterator[Finding]:
        """Report comments, or codes in them, that silenced nothing."""
        for comment in suppressions:
            if comment.selectors is None:
                if comment.is_judged and not comment.silenced:
                    message = f"the comment silences nothing: {_reason(comment, 'no finding')}"
                    yield Finding(comment.span, message, mend=_removal(comment, ()))
                continue
            unused = [one for one in comment.selectors if one.is_judged and not one.silenced]
            if unused:
                names = " and ".join(one.text for one in unused)
                verb = "silences" if len(unused) == 1 else "silence"
                message = f"{names} {verb} nothing: {_reason(comment, 'no such finding')}"
                yield Finding(unused[0].span, message, mend=_removal(comment, [one.text for one in unused]))


def _reason(comment: Suppression, what: str) -> str:
    if comment.is_misplaced:
        return "ignore-file has to stand on a line of its own"
    return f"{what} is reported for this {'file' if comment.is_file else 'statement'}"


def _removal(comment: Suppression, unused: Sequence[str]) -> Mend:
    dropped = [one for one in comment.selectors or () if one.text in unused]
    title = f"Take out {', '.join(unused)}" if len(dropped) < len(comment.selectors or ()) else "Take the comment out"
    return Mend(title, Tier.SAFE, (comment.without(dropped),))
