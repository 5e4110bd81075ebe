"""Code actions: what can be done about findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from lsprotocol import types

from attnlint.diagnostics import Diagnostic, Edit, Span, Tier
from attnlint.fixes.ignore import comment_for
from attnlint.rule import Rule, installed
from attnlint.server.analyses import Analysis
from attnlint.server.changes import Changer
from attnlint.server.fixing import fixed, is_safe
from attnlint.server.reports import Reporter
from attnlint.syntax.text import SourceError

FIX_ALL = "source.fixAll.attnlint"
EXPLAIN = "attnlint.explain"
KINDS = (types.CodeActionKind.QuickFix, FIX_ALL)


@dataclass(frozen=True)
class Actions:
    """Offers actions to one client."""

    reporter: Reporter
    changer: Changer
    lazy: bool = False
    """Whether the client asks for the edit of an action when somebody wants it."""

    def offered(
        self, analysis: Analysis, cell: int | None, span: Span, only: Sequence[str] | None
    ) -> list[types.CodeAction]:
        """The actions for a range of a document, or of a cell, of the kinds that are asked for."""
        found: list[types.CodeAction] = []
        if _asked(types.CodeActionKind.QuickFix, only):
            for index, one in enumerate(analysis.found):
                if one.cell == cell and _touch(one.span, span):
                    found.extend(self._for(analysis, index))
        if _asked(FIX_ALL, only) and any(map(is_safe, analysis.found)):
            with suppress(SourceError):
                found.append(self._fix_all(analysis))
        return found

    def resolved(self, action: types.CodeAction, analysis: Analysis) -> types.CodeAction:
        """A lazy action with its edit. Raises `SourceError` where it cannot be done."""
        action.edit = self.changer.of_texts(analysis.snapshot, fixed(analysis))
        return action

    def _for(self, analysis: Analysis, index: int) -> Iterator[types.CodeAction]:
        one = analysis.found[index]
        about = [self.reporter.one(analysis, index)]
        if one.fix is not None and one.fix.edits:
            yield types.CodeAction(
                _title(one),
                kind=types.CodeActionKind.QuickFix,
                diagnostics=about,
                is_preferred=is_safe(one) or None,
                edit=self.changer.of_edits(analysis.snapshot, one.fix.edits),
            )
        comment = comment_for(analysis.document, one) if _can_be_silenced(one) else None
        if isinstance(comment, Edit):
            yield types.CodeAction(
                f"Suppress {one.code} on this line",
                kind=types.CodeActionKind.QuickFix,
                diagnostics=about,
                edit=self.changer.of_edits(analysis.snapshot, [comment]),
            )
        title = f"Explain {one.code} ({one.name})"
        yield types.CodeAction(
            title,
            kind=types.CodeActionKind.QuickFix,
            diagnostics=about,
            command=types.Command(title, EXPLAIN, arguments=[one.code]),
        )

    def _fix_all(self, analysis: Analysis) -> types.CodeAction:
        action = types.CodeAction(
            "Fix all that attnlint can fix safely", kind=FIX_ALL, data={"uri": analysis.snapshot.uri}
        )
        return action if self.lazy else self.resolved(action, analysis)


def _title(one: Diagnostic) -> str:
    assert one.fix is not None
    title = f"{one.fix.title} ({one.code})"
    return title if one.fix.tier is Tier.SAFE else f"Unsafe fix: {title}"


def _can_be_silenced(one: Diagnostic) -> bool:
    """Whether a comment is any use: one about a comment is there to be mended."""
    rule = installed().rules.get(one.code)
    return rule is not None and rule.check_suppressions is Rule.check_suppressions


def _asked(kind: str, only: Sequence[str] | None) -> bool:
    """Whether a client asks for actions of a kind; it names kinds, or what they begin with."""
    return only is None or any(kind == one or one == "" or kind.startswith(f"{one}.") for one in only)


def _touch(one: Span, other: Span) -> bool:
    """Whether two ranges share a place, be it an end."""
    return (one.line, one.column) <= (other.end_line, other.end_column) and (other.line, other.column) <= (
        one.end_line,
        one.end_column,
    )
