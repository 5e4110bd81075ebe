"""What was found, as the protocol has it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsprotocol import types
from lsprotocol.converters import get_converter

from attnlint.diagnostics import Diagnostic, Severity, Span
from attnlint.output import flowing
from attnlint.rule import installed
from attnlint.server.analyses import Analysis
from attnlint.server.positions import Positions
from attnlint.server.snapshots import Part

SOURCE = "attnlint"
_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.PERFORMANCE: types.DiagnosticSeverity.Information,
}
_CONVERTER = get_converter()


@dataclass(frozen=True)
class Reporter:
    """Turns findings into diagnostics that one client understands."""

    positions: Positions
    related: bool = True
    """Whether the client shows the places that a finding rests on."""

    def diagnostics(self, analysis: Analysis, cell: int | None) -> list[types.Diagnostic]:
        """The diagnostics of a document, or of a cell of it."""
        return [*self._found(analysis, cell), *self._error(analysis, cell)]

    def one(self, analysis: Analysis, index: int) -> types.Diagnostic:
        """One finding of an analysis."""
        found, part = analysis.found[index], self._part(analysis, index)
        rule = installed().rules.get(found.code)
        fix = found.fix
        return types.Diagnostic(
            self.positions.range(found.span, part.lines),
            _line(found.message),
            severity=_SEVERITIES[found.severity],
            code=found.code,
            code_description=types.CodeDescription(found.url),
            source=SOURCE,
            tags=[types.DiagnosticTag.Unnecessary] if rule is not None and rule.unnecessary else None,
            related_information=self._related(analysis, found) if self.related and found.related else None,
            data={"id": analysis.identities[index], "fix": fix.title if fix is not None and fix.edits else None},
        )

    def _part(self, analysis: Analysis, index: int) -> Part:
        return analysis.snapshot.parts[analysis.found[index].cell]

    def _found(self, analysis: Analysis, cell: int | None) -> Iterator[types.Diagnostic]:
        return (self.one(analysis, index) for index, found in enumerate(analysis.found) if found.cell == cell)

    def _error(self, analysis: Analysis, cell: int | None) -> Iterator[types.Diagnostic]:
        error, part = analysis.error, analysis.snapshot.parts[cell]
        if error is None or not analysis.project.options.show_syntax_errors or analysis.snapshot.is_notebook:
            return
        line = min(error.line or 1, max(1, len(part.lines)))
        text = part.lines[line - 1].rstrip("\r\n") if part.lines else ""
        span = Span(line, len(text) - len(text.lstrip()) + 1, line, len(text) + 1)
        range_ = self.positions.range(span, part.lines)
        yield types.Diagnostic(range_, _line(error.reason), severity=types.DiagnosticSeverity.Error, source=SOURCE)

    def _related(self, analysis: Analysis, found: Diagnostic) -> list[types.DiagnosticRelatedInformation]:
        parts = analysis.snapshot.parts
        return [
            types.DiagnosticRelatedInformation(
                types.Location(parts[one.cell].uri, self.positions.range(one.span, parts[one.cell].lines)),
                _line(one.message),
            )
            for one in found.related
        ]


def _line(message: str) -> str:
    """A message without what editors should not be made to show: characters that control, or that turn the order of
    others."""
    return flowing(message)


def result_id(diagnostics: Sequence[types.Diagnostic]) -> str:
    """What a report is known by: two that say the same have the same."""
    said = json.dumps(_CONVERTER.unstructure(diagnostics), sort_keys=True)
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:16]
