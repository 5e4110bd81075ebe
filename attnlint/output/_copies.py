"""How folded findings are told: with the places of the copies."""

from __future__ import annotations

from attnlint.diagnostics import Diagnostic, Related, placed
from attnlint.output._terminal import shown

_SAME = "a generated copy of this code has the same finding"


def in_copies(diagnostic: Diagnostic) -> str:
    """``also in 2 generated copies: a.py:12, b.py:40``; empty where there are none."""
    copies = diagnostic.copies
    places = ", ".join(f"{shown(placed(copy.path, copy.cell))}:{copy.span.line}" for copy in copies)
    return f"also in {len(copies)} generated {'copy' if len(copies) == 1 else 'copies'}: {places}" if copies else ""


def remark(diagnostic: Diagnostic) -> str:
    """The same in brackets, to follow a message."""
    return f" ({in_copies(diagnostic)})" if diagnostic.copies else ""


def related_and_copies(diagnostic: Diagnostic) -> tuple[Related, ...]:
    """The places that explain a finding, and the copies among them, for formats that know no others."""
    copies = (Related(copy.path, copy.span, _SAME, copy.cell, copy.file_line) for copy in diagnostic.copies)
    return (*diagnostic.related, *copies)
