"""From what rules yield to what a run reports: places become spans, mends become fixes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnlint.diagnostics import Diagnostic, Edit, Fix, Related, Span
from attnlint.rule import Finding, Mend, Rule
from attnlint.syntax.text import SourceText

if TYPE_CHECKING:
    from attnlint.graph.values import Origin


def diagnostic(source: SourceText, rule: Rule, finding: Finding) -> Diagnostic:
    """A rule's finding in one source, with positions."""
    return Diagnostic(
        code=rule.code,
        name=rule.name,
        severity=finding.severity or rule.severity,
        path=source.path,
        span=_span(finding.at),
        message=finding.message,
        url=rule.url(),
        fix=_fix(finding.mend) if finding.mend is not None and _is_usable(finding.mend, rule) else None,
        related=tuple(Related(source.path, _span(at), message) for at, message in finding.related),
    )


def _span(at: Origin | Span) -> Span:
    return at if isinstance(at, Span) else at.slice.span(at.node)


def _is_usable(mend: Mend, rule: Rule) -> bool:
    return mend.needs_torch is None or not rule.torch.may_be_before(mend.needs_torch)


def _fix(mend: Mend) -> Fix:
    edits = tuple(
        Edit(_span(r.at), r.text.format(*(part.slice.code(part.node) for part in r.parts))) for r in mend.replacements
    )
    return Fix(mend.title, mend.tier, edits)
