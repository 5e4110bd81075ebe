"""Fixes made in sources: edits on the original text, which must parse and end what they were made for."""

from attnlint.fixes.fixer import Fixed, Refusal, fix_source
from attnlint.fixes.run import FixReport, fix_paths
from attnlint.fixes.write import write

__all__ = ["FixReport", "Fixed", "Refusal", "fix_paths", "fix_source", "write"]
