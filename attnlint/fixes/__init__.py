"""Fixes applied to sources: edits on the original text, proven to parse and to end what they were made for."""

from attnlint.fixes.fixer import Fixed, Refusal, fix_source
from attnlint.fixes.write import write

__all__ = ["Fixed", "Refusal", "fix_source", "write"]
