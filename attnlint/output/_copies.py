"""How folded findings are told: one line with the places of the copies."""

from __future__ import annotations

from attnlint.diagnostics import Diagnostic
from attnlint.output._terminal import visible


def in_copies(diagnostic: Diagnostic) -> str:
    """``also in 2 generated copies: a.py:12, b.py:40``; empty where there are none."""
    copies = diagnostic.copies
    places = ", ".join(f"{visible(copy.path)}:{copy.span.line}" for copy in copies)
    return f"also in {len(copies)} generated {'copy' if len(copies) == 1 else 'copies'}: {places}" if copies else ""
