"""Changes to sources: fixes, which must parse and end what they were made for, and comments that silence findings."""

from attnlint.fixes.fixer import Fixed, Refusal, fix_source
from attnlint.fixes.ignore import ignore_source
from attnlint.fixes.run import FixReport, change_paths, fix_paths
from attnlint.fixes.write import write

__all__ = ["FixReport", "Fixed", "Refusal", "change_paths", "fix_paths", "fix_source", "ignore_source", "write"]
