"""What rules yield, and how it becomes what a run reports: places become spans, mends become fixes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from attnlint.diagnostics import Diagnostic, Edit, Fix, Related, Severity, Span, Tier
from attnlint.failures import Failures
from attnlint.syntax.text import SourceText
from attnlint.time_limit import check

if TYPE_CHECKING:
    from attnlint.graph.values import Origin
    from attnlint.rule import Rule


@dataclass(frozen=True)
class Replacement:
    """A piece of a fix before positions are known: the text of ``at`` becomes ``text``.

    ``{0}``, ``{1}`` … in ``text`` stand for the source text of the places in ``parts``.
    """

    at: Origin | Span
    text: str
    parts: tuple[Origin, ...] = ()


@dataclass(frozen=True)
class Mend:
    """A fix as a rule states it; the linter turns it into `attnlint.diagnostics.Fix`.

    ``needs_torch`` is the first release of torch that has what the fix writes: projects that support older ones are
    not offered it.
    """

    title: str
    tier: Tier
    replacements: tuple[Replacement, ...]
    needs_torch: str | None = None


@dataclass(frozen=True)
class Finding:
    """What a rule yields: a place, a message in the code's own names, the evidence and, where it can be, the mend.

    ``severity`` overrides the rule's own for forms that are only likely to be wrong.
    """

    at: Origin | Span
    message: str
    related: tuple[tuple[Origin | Span, str], ...] = ()
    mend: Mend | None = None
    severity: Severity | None = None


@dataclass(frozen=True)
class Cleared:
    """What a rule yields in place of findings about a site on which nothing is amiss as one definition reaches it: what
    it says of that site for other definitions is not reported either."""


def diagnostic(source: SourceText, rule: Rule, finding: Finding) -> Diagnostic:
    """A rule's finding in one source, with positions. Raises `ValueError` for one that no report could show."""
    if not isinstance(finding.message, str):
        raise ValueError(f"the message of a finding is no text: {finding.message!r}")
    return Diagnostic(
        code=rule.code,
        name=rule.name,
        severity=Severity(finding.severity or rule.severity),
        path=source.path,
        span=_span(source, finding.at),
        message=finding.message,
        url=rule.url(),
        fix=_fix(source, finding.mend) if finding.mend is not None and _is_usable(finding.mend, rule) else None,
        related=tuple(Related(source.path, _span(source, at), message) for at, message in finding.related),
    )


def diagnostics(
    source: SourceText, findings: Iterable[tuple[Rule, Finding]], failures: Failures
) -> Iterator[Diagnostic]:
    """Findings with their positions; one that has none is the rule's failure."""
    for rule, finding in findings:
        check()
        with failures.blaming(rule):
            yield diagnostic(source, rule, finding)
            continue
        with suppress(Exception):  # what is wrong may be the fix alone
            yield diagnostic(source, rule, replace(finding, mend=None, related=()))


def _span(source: SourceText, at: Origin | Span) -> Span:
    if not isinstance(at, Span):
        return at.slice.span(at.node)
    ends = (at.line, at.column), (at.end_line, at.end_column)
    if ends[0] > ends[1] or not all(_is_inside(source, *end) for end in ends):
        raise ValueError(f"{at} is no place in the file")
    return at


def _is_inside(source: SourceText, line: int, column: int) -> bool:
    """Whether a place is before or behind a character of the file, the line behind the last one too."""
    if line == len(source.lines) + 1:
        return column == 1
    return 1 <= line <= len(source.lines) and 1 <= column <= len(source.lines[line - 1]) + 1


def _is_usable(mend: Mend, rule: Rule) -> bool:
    return mend.needs_torch is None or not rule.torch.may_be_before(mend.needs_torch)


def _fix(source: SourceText, mend: Mend) -> Fix:
    edits = tuple(
        Edit(_span(source, r.at), r.text.format(*(part.slice.code(part.node) for part in r.parts)))
        for r in mend.replacements
    )
    return Fix(mend.title, mend.tier, edits)
