"""What a finding is known by from one run to the next: what it says about which code, not where that code stands.

A fingerprint is made of the rule's code, the text that is reported and the lines around it, without white space. So it
stays when code above is added or taken away, when the lines are indented anew, and when the file gets another name. Of
equal findings in one file, the first from above has the plain fingerprint, and the others are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import sha256

from attnlint.diagnostics import Diagnostic
from attnlint.syntax.text import extract

VERSION = 1
"""Goes up when fingerprints are made in another way, so that old ones are not taken for new ones."""

_DIGITS = 32


def fingerprints(diagnostics: Sequence[Diagnostic], lines: Sequence[str]) -> list[str]:
    """The fingerprints of the findings of one file, in the order given, no two the same.

    ``lines`` are those of the file with their ends, as `attnlint.syntax.text.SourceText.lines` has them.
    """
    seen: Counter[str] = Counter()
    found = [""] * len(diagnostics)
    for index in sorted(range(len(diagnostics)), key=lambda index: diagnostics[index].sort_key):
        content = _content(diagnostics[index], lines)
        found[index] = digest(content, str(seen[content]))
        seen[content] += 1
    return found


def fingerprints_of_all(diagnostics: Sequence[Diagnostic], lines: Callable[[str], Sequence[str]]) -> list[str]:
    """The same for the findings of many files; two in different files may have the same. ``lines`` are asked by path,
    once for each."""
    by_path: dict[str, list[int]] = {}
    for index, diagnostic in enumerate(diagnostics):
        by_path.setdefault(diagnostic.path, []).append(index)
    found = [""] * len(diagnostics)
    for path, indices in by_path.items():
        of_file = fingerprints([diagnostics[index] for index in indices], lines(path))
        for index, fingerprint in zip(indices, of_file, strict=True):
            found[index] = fingerprint
    return found


def digest(*parts: str) -> str:
    """One short text for several, which stand for nothing else together."""
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def _content(diagnostic: Diagnostic, lines: Sequence[str]) -> str:
    span = diagnostic.span
    around = "".join(lines[span.line - 1 : span.end_line])
    return "\0".join((diagnostic.code, _without_space(extract(lines, span)), _without_space(around)))


def _without_space(text: str) -> str:
    return "".join(text.split())
