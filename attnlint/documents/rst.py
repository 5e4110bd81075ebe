"""reStructuredText: directives that hold Python, and sessions, which need none.

Only what decides about code is looked at: directives and what is indented below them, comments, literal blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from attnlint.documents.pieces import Code, Piece
from attnlint.documents.text import LANGUAGES, Markup, TextDocument, bare

_LEAD = r"(?P<lead>[ \t]*(?:(?:[-*+•]|(?:#|\w{1,3})[.)]|\(\w{1,3}\))[ \t]+)*)"
_DIRECTIVE = re.compile(_LEAD + r"\.\.[ \t]+(?P<name>[A-Za-z][\w:.+-]*?)::(?:[ \t]+(?P<argument>.*))?$")
_COMMENT = re.compile(_LEAD + r"\.\.(?:[ \t]+(?P<text>\S.*))?$")
_MARKUP = re.compile(r"_|\[|\|")
"""What a line that begins with two dots and is no comment goes on with: a target, a note, a substitution."""
_OPTION = re.compile(r"[ \t]*:[^:]+:(?:[ \t]|$)")
_PROMPT = re.compile(r"[ \t]*>>>(?: |$)")

_NAMING = frozenset({"code", "code-block", "sourcecode"})
"""Directives whose argument says the language."""
_PYTHON = frozenset({"doctest", "ipython", "jupyter-execute", "plot", "testcode", "testsetup"})
"""Directives that hold Python."""
_OPAQUE = frozenset({"highlight", "literalinclude", "math", "parsed-literal", "prompt", "raw", "testoutput"})
"""Directives that hold something else; all others hold more of the document."""


def document(path: str, content: bytes | str) -> TextDocument:
    """A document in reStructuredText."""
    return TextDocument(
        path, content, Markup((b"::", b">>>"), lambda lines: _Scan([bare(line) for line in lines]).blocks())
    )


class _Scan:
    """Goes through the lines of a document once."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    def blocks(self) -> Iterator[Piece]:
        """The blocks of Python."""
        number = 0
        while number < len(self._lines):
            piece, number = self._block(number)
            if piece is not None:
                yield piece

    def _block(self, number: int) -> tuple[Piece | None, int]:
        """The block that begins on a line, if one does, and the line to go on with."""
        line = self._lines[number]
        if directive := _DIRECTIVE.match(line.rstrip(" \t")):
            return self._directive(directive, number)
        if comment := _COMMENT.match(line):
            return None, self._behind_comment(comment, number)
        if _PROMPT.match(line):
            end = self._paragraph_end(number)
            return self._piece(number, end), end
        if line.rstrip().endswith("::"):
            end = self._body_end(number, _width(line[: len(line) - len(line.lstrip())]))
            first = next((row for row in range(number + 1, end) if self._lines[row].strip()), end)
            is_session = first < end and _PROMPT.match(self._lines[first])
            return (self._piece(first, end) if is_session else None), end
        return None, number + 1

    def _directive(self, directive: re.Match[str], number: int) -> tuple[Piece | None, int]:
        name = directive["name"].lower().rpartition(":")[2]
        if name not in _NAMING | _PYTHON | _OPAQUE:
            return None, number + 1
        end = self._body_end(number, _width(directive["lead"]))
        argument = (directive["argument"] or "").split()
        if name in _PYTHON or (name in _NAMING and argument and argument[0].lower() in LANGUAGES):
            first = number + 1
            while first < end and _OPTION.match(self._lines[first]):
                first += 1
            return self._piece(first, end), end
        return None, end

    def _behind_comment(self, comment: re.Match[str], number: int) -> int:
        text = comment["text"]
        following = self._lines[number + 1 : number + 2]
        is_empty = text is None and not any(line.strip() for line in following)
        if is_empty or (text is not None and _MARKUP.match(text)):
            return number + 1
        return self._body_end(number, _width(comment["lead"]))

    def _body_end(self, number: int, indent: int) -> int:
        """The line behind what is indented deeper below a line."""
        end = number + 1
        for row in range(number + 1, len(self._lines)):
            line = self._lines[row]
            if line.strip():
                if _width(line[: len(line) - len(line.lstrip())]) <= indent:
                    break
                end = row + 1
        return end

    def _paragraph_end(self, number: int) -> int:
        return next((row for row in range(number, len(self._lines)) if not self._lines[row].strip()), len(self._lines))

    def _piece(self, first: int, end: int) -> Piece | None:
        code = tuple(Code(line) for line in self._lines[first:end])
        return Piece(first + 1, code) if any(line.text.strip() for line in code) else None


def _width(indent: str) -> int:
    """The column that a line's text begins in, tabs as docutils takes them."""
    return len(indent.expandtabs(8))
