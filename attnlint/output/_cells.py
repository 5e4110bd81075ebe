"""Findings in notebooks, for programs that know the lines of files alone."""

from __future__ import annotations

from attnlint.diagnostics import Diagnostic, Related, position


def worded(at: Diagnostic | Related) -> str:
    """The message; of a place in a notebook, whose line in the file tells people little, with cell and line before."""
    return at.message if at.cell is None else f"{position(at)}: {at.message}"
