"""Comments that say where code comes from: headers of generated files, and ``# Copied from`` over a definition.

A header is the comments and the docstring that a file begins with; it names a file of Python code. What stands over a
definition names a file, or the dotted name of what was copied, and what was renamed in it, as the tools that keep such
copies alike have it: ``# Copied from package.module.Class with Old->New``. An address on the web names no file here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice

from attnlint.diagnostics import CopiedFrom
from attnlint.syntax.outline import Definition
from attnlint.syntax.text import SourceText

_WORDS = re.compile(r"generated|copied\s+from|copied\s+\w+\s+from", re.IGNORECASE)
_HEADER = re.compile(r"""(?:[ \t]*(?:\#.*)?\n)*(?:[rRuU]?(\"{3}|'{3})(?s:.*?)\1[ \t]*\n)?(?:[ \t]*(?:\#.*)?\n)*""")
_QUOTE = r"[`'\"<(]*"
_FILE = rf"{_QUOTE}(?P<source>[\w./\\-]+\.py)\b(?:::?(?P<target>[A-Za-z_][\w.]*\w))?"
_COLON = r"(?:\s*:\s*|\s+|(?=[`'\"<(]))"
"""What parts ``from`` from a name. It takes something, or sees a quote: no name is searched from two places."""
_COPIED = rf"copied\s+(?:\w+\s+)?from{_COLON}"
_GENERATED = re.compile(
    rf"generated\b.{{0,200}}?\b(?:from|source(?:\s+file)?|original(?:\s+file)?){_COLON}(?:the\s+(?:\w+\s+)?)?{_FILE}",
    re.IGNORECASE,
)
_COPIED_FILE = re.compile(_COPIED + _FILE, re.IGNORECASE)
_COPIED_NAME = re.compile(rf"{_COPIED}{_QUOTE}(?!\w+://)(?P<source>[A-Za-z_][\w.]*\w)", re.IGNORECASE)
_WITH = re.compile(r"\swith\s+(?P<renames>\S.*->.*)")
_ALL_CASES = re.compile(r"\sall-casing\s*$")
_MAX_RENAMES = 50
"""Names that one comment renames; what it says beyond that is not followed."""


class Provenance:
    """What the comments of one source say of its origin."""

    def __init__(self, source: SourceText) -> None:
        self._source = source
        self._is_told = _WORDS.search(source.text) is not None
        self._above: dict[Definition, CopiedFrom | None] = {}

    def of(self, around: Sequence[Definition]) -> Iterator[CopiedFrom]:
        """What is said of code inside these definitions, from the innermost, and of the whole file."""
        if self._is_told:
            for definition in around:
                if definition not in self._above:
                    self._above[definition] = self._over(definition)
                if origin := self._above[definition]:
                    yield origin
            yield from self._header

    @cached_property
    def _header(self) -> list[CopiedFrom]:
        header = _HEADER.match(self._source.searched)
        text = _spaced(" ".join(line.strip(" \t#") for line in header.group().splitlines())) if header else ""
        found = _GENERATED.search(text) or _COPIED_FILE.search(text)
        return [CopiedFrom(found["source"])] if found else []

    def _over(self, definition: Definition) -> CopiedFrom | None:
        """The origin that the comments right above a definition name."""
        for number in range(definition.lines.first - 2, -1, -1):
            text = _spaced(self._source.lines[number])
            if text and not text.startswith("#"):
                break
            found = _COPIED_FILE.search(text) or _COPIED_NAME.search(text)
            if found:
                target = found.groupdict().get("target") or ""
                renames = tuple(islice(_renames(text[found.end() :]), _MAX_RENAMES))
                return CopiedFrom(found["source"], target, definition.qualname, renames)
        return None


def _spaced(text: str) -> str:
    """Text with one blank between words, so that no pattern has several ways through many."""
    return " ".join(text.split())


def _renames(text: str) -> Iterator[tuple[str, str]]:
    """``with Bert->Roberta, BERT->ROBERTA``; ``all-casing`` stands for the name as it is, in small and in capitals."""
    listed = _WITH.match(text)
    for part in listed["renames"].split(",") if listed else ():
        old, _, new = (each.strip() for each in _ALL_CASES.sub("", part).partition("->"))
        if old and new:
            yield old, new
            if _ALL_CASES.search(part):
                yield old.lower(), new.lower()
                yield old.upper(), new.upper()
