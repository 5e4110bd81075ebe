"""The fingerprint of a finding: the same wherever its lines, or its file, move."""

from __future__ import annotations

from hashlib import sha256

from attnlint.diagnostics import Diagnostic

_DIGITS = 16


def fingerprint(diagnostic: Diagnostic, code: str | None = None) -> str:
    """A short text made of the code, the enclosing definition and the reported source without its layout.

    ``code`` is one that the rule had before; without it, that of today. Equal findings in one definition have the same
    fingerprint.
    """
    content = diagnostic.content
    parts = (code or diagnostic.code, content.definition, content.text)
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
