"""Fixes of open documents: their texts after all passes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from attnlint.diagnostics import Diagnostic, Tier
from attnlint.failures import Failures
from attnlint.fixes import fix_source
from attnlint.server.analyses import Analysis
from attnlint.syntax.text import SourceError, SourceText

_DECLARED = re.compile(r"[^\n]*(?:\n[^\n]*)?coding[=:]")


def is_safe(diagnostic: Diagnostic) -> bool:
    """Whether a finding has a fix that changes no run that finished silently."""
    return diagnostic.fix is not None and bool(diagnostic.fix.edits) and diagnostic.fix.tier is Tier.SAFE


def fixed(analysis: Analysis) -> Mapping[int | None, str]:
    """The texts of a document's parts after all safe fixes. Raises `SourceError` where they cannot be made."""
    snapshot, project = analysis.snapshot, analysis.project
    encoding = _encoding(analysis)
    try:
        data = snapshot.content.encode(encoding)
    except UnicodeEncodeError as error:
        raise SourceError(None, f"{encoding} cannot write {snapshot.content[error.start]!r}") from None
    result = fix_source(data, snapshot.path, None, is_safe, Failures(), project.config)
    if not snapshot.is_notebook:
        return {None: result.data.decode(encoding)}
    cells = json.loads(result.data)["cells"]
    return {cell: cells[cell - 1]["source"] for cell in snapshot.parts if cell is not None}


def _encoding(analysis: Analysis) -> str:
    """The encoding in which the text of a document would be saved: the one that it declares, if it declares one."""
    content = analysis.snapshot.content
    source = analysis.document.source
    if source.text is not content or not _DECLARED.match(content):
        return "utf-8"
    return SourceText.from_bytes(source.path, source.data).encoding
