"""How the texts of one open document are linted, one after the other."""

from __future__ import annotations

from attnlint.config import Checks
from attnlint.diagnostics import Diagnostic
from attnlint.documents import open_document
from attnlint.failures import Failures
from attnlint.linter import _lint
from attnlint.server.analyses import Lint


def session(path: str) -> Lint:
    """What lints the texts of the file at a path; what did not change is not looked at again."""

    def lint(content: str, checks: Checks, failures: Failures) -> list[Diagnostic]:
        return sorted(_lint(open_document(path, content), checks, failures), key=lambda one: one.sort_key)

    return lint
