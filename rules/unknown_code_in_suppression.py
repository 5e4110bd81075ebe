"""ATN003 unknown-code-in-suppression."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attnlint.codes import UnknownCode, resolve
from attnlint.diagnostics import Severity, Tier
from attnlint.rule import Finding, Mend, Replacement, Rule, installed
from attnlint.suppressions import TRIGGERS, Selector, Suppression


class UnknownCodeInSuppression(Rule):
    """A comment is to silence a code or name that no rule has.

    **What it finds.** In ``# attnlint: ignore[…]`` a word that is neither the beginning of a code nor a name; in
    ``# noqa: …`` a code that begins with ATN and is none.

    **Why it hurts.** The comment silences nothing: 0 findings, for example of a code with a letter O for the digit.

    **Silent when** the code was a rule's before and is written otherwise today: it still works, and a line on standard
    error says so once.

    **Mend.** The code or name that looks most like it; a code that was removed is taken out.
    """

    code = "ATN003"
    name = "unknown-code-in-suppression"
    severity = Severity.WARNING
    tiers = frozenset({Tier.SAFE, Tier.UNSAFE, Tier.MANUAL})
    triggers = TRIGGERS

    def check_suppressions(self, suppressions: Sequence[Suppression]) -> Iterator[Finding]:
        """Report words in comments that mean no rule."""
        for comment in suppressions:
            for selector in comment.selectors or ():
                if not selector.meant and (not comment.is_noqa or selector.text.upper().startswith("ATN")):
                    yield _finding(comment, selector)


def _finding(comment: Suppression, selector: Selector) -> Finding:
    try:
        resolve(installed().rules.values(), selector.text)
    except UnknownCode as error:
        message = f"no rule is called {selector.text}, so that nothing is silenced; {error.hint}"
        return Finding(selector.span, message, mend=_mend(comment, selector, error))
    raise AssertionError(f"{selector.text} is known")


def _mend(comment: Suppression, selector: Selector, error: UnknownCode) -> Mend | None:
    if error.is_removed:
        return Mend(f"Take out {selector.text}", Tier.SAFE, (comment.without([selector]),))
    meant = [one for one in error.nearest if not comment.is_noqa or one.isalnum()]
    return Mend(f"Write {meant[0]}", Tier.UNSAFE, (Replacement(selector.span, meant[0]),)) if meant else None
