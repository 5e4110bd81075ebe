"""What a finding is known by from one run to the next: what it says about which code, not where that code stands.

A fingerprint is made of the rule's code, the class or function around the finding and the text that is reported,
without its layout and comments. So it stays when code above is added or taken away, also cells of a notebook, when the
lines are laid out anew, and when the file gets another name. Baselines count equal findings; servers want each to have
one of its own, so the first of them in a file, from above, has the plain fingerprint there, and the others are
numbered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

from attnlint.diagnostics import Diagnostic
from attnlint.syntax.text import extract

VERSION = 1
"""Goes up when fingerprints are made in another way, so that old ones are not taken for new ones."""

_DIGITS = 32


def fingerprint(diagnostic: Diagnostic, code: str | None = None, lines: Sequence[str] = ()) -> str:
    """The plain fingerprint of a finding; equal findings in one definition have the same.

    ``code`` is one that the rule had before; without it, that of today. ``lines`` are those of the file, or of the cell
    of a notebook, with their ends, in which the text is looked up if the finding does not bring its content.
    """
    content = diagnostic.content
    text = content.text or "".join(extract(lines, diagnostic.span).split())
    return digest(code or diagnostic.code, content.definition, text)


def fingerprints(diagnostics: Sequence[Diagnostic], parts: Mapping[int | None, Sequence[str]]) -> list[str]:
    """The fingerprints of the findings of one file, in the order given, no two the same.

    ``parts`` are the lines of the file, those of a notebook by cell, as `attnlint.documents.base.Document.parts` has
    them.
    """
    seen: Counter[str] = Counter()
    found = [""] * len(diagnostics)
    for index in sorted(range(len(diagnostics)), key=lambda index: diagnostics[index].sort_key):
        one = diagnostics[index]
        plain = fingerprint(one, lines=parts.get(one.cell, ()))
        found[index] = digest(plain, str(seen[plain])) if seen[plain] else plain
        seen[plain] += 1
    return found


def fingerprints_of_all(
    diagnostics: Sequence[Diagnostic], lines: Callable[[str, int | None], Sequence[str]]
) -> list[str]:
    """The same for the findings of many files; two in different files may have the same. ``lines`` are asked by path
    and cell, once for each."""
    by_path: dict[str, list[int]] = {}
    for index, diagnostic in enumerate(diagnostics):
        by_path.setdefault(diagnostic.path, []).append(index)
    found = [""] * len(diagnostics)
    for path, indices in by_path.items():
        of_file = [diagnostics[index] for index in indices]
        parts = {cell: lines(path, cell) for cell in {diagnostic.cell for diagnostic in of_file}}
        for index, mark in zip(indices, fingerprints(of_file, parts), strict=True):
            found[index] = mark
    return found


def digest(*parts: str) -> str:
    """One short text for several, which stand for nothing else together."""
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
