"""Documents of prose with blocks of Python: Markdown and reStructuredText.

In the joined source every line that is no Python is blank, so that lines keep their numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from attnlint.diagnostics import Edit
from attnlint.documents.base import Matters
from attnlint.documents.joined import JoinedDocument
from attnlint.documents.magics import without_magics
from attnlint.documents.pieces import Piece, Row, Rows, dedented
from attnlint.documents.sessions import examples, is_session
from attnlint.syntax.edits import edited
from attnlint.syntax.stack import on_big_stack
from attnlint.syntax.text import SourceError, SourceText, line_end

_PREFIX = re.compile(rb"[\r\n](?:[ \t>]|\.\.\.|In \[\d*\]:)+")
"""A line end, and what can stand before the code of the next line: indents, marks of quotations, prompts."""
_MOST_LINES = 1_000_000
"""Lines of a document that is read; each takes up to some hundred bytes, however short it is."""
_UTF8 = ("utf-8-sig", "utf-8")

LANGUAGES = frozenset({"ipython", "ipython3", "py", "py3", "pycon", "pycon3", "python", "python3", "python-repl"})
"""What blocks of Python are called."""


@dataclass(frozen=True)
class Markup:
    """How one kind of prose marks its code."""

    marks: tuple[bytes, ...]
    """A document with none of these holds no code."""
    blocks: Callable[[Sequence[str]], Iterable[Piece]]
    """The blocks of Python among the lines of a document, which have their ends."""


class TextDocument(JoinedDocument):
    """One document of prose."""

    def __init__(self, path: str, content: bytes | str, markup: Markup) -> None:
        super().__init__(path, content)
        self._markup = markup

    def may_matter(self, matters: Matters) -> bool:
        """Whether a block may; first the whole text is searched, which is cheaper than to find its blocks."""
        if not any(mark in self.data for mark in self._markup.marks):
            return False
        if not matters(_PREFIX.sub(b"\n", b"\n" + self.data)):
            return False
        blocks = list(self._blocks)
        code = [*blocks, *(example for block in blocks if is_session(block) for example in examples(block))]
        return matters("\n".join(block.text for block in code).encode("utf-8", "replace"))

    def check(self) -> None:
        """Nothing: prose is never broken, and code that is no Python is none of it."""

    @cached_property
    def source(self) -> SourceText:
        """The blocks that parse, on their own lines."""
        lines = [line_end(line) for line in self._text.lines]
        for piece in self._pieces:
            for number, code in enumerate(piece.lines, piece.first - 1):
                lines[number] = code.text + lines[number]
        return SourceText.from_text(self.path, "".join(lines), tuple(piece.first for piece in self._pieces))

    @property
    def pieces(self) -> int:
        """How many blocks, or examples of sessions, parse."""
        return len(self._pieces)

    @property
    def parts(self) -> Mapping[int | None, Sequence[str]]:
        """The lines of the document."""
        return {None: self._text.lines}

    def edited(self, edits: Iterable[Edit]) -> bytes:
        """The bytes after the edits."""
        return edited(self._text, edits)

    @cached_property
    def _text(self) -> SourceText:
        lines = max(self.data.count(b"\n"), self.data.count(b"\r"))
        if lines > _MOST_LINES:
            raise SourceError(None, f"not analysed: {lines:,} lines, and at most {_MOST_LINES:,} are read")
        for encoding in _UTF8[not self.data.startswith(b"\xef\xbb\xbf") :]:
            try:
                return SourceText(self.path, self.data, self.data.decode(encoding), encoding)
            except UnicodeDecodeError:
                continue
        # Prose in some old encoding: every byte is a character, and goes back as what it was.
        return SourceText(self.path, self.data, self.data.decode("latin-1"), "latin-1")

    @cached_property
    def _blocks(self) -> Sequence[Piece]:
        return [dedented(piece) for piece in self._markup.blocks(self._text.lines)]

    @cached_property
    def _pieces(self) -> Sequence[Piece]:
        return on_big_stack(lambda: [piece for block in self._blocks for piece in _understood(block)])

    @cached_property
    def rows(self) -> Rows:
        """The lines of the document."""
        rows = [Row(None, number) for number in range(1, len(self._text.lines) + 2)]
        for index, piece in enumerate(self._pieces):
            for number, code in enumerate(piece.lines, piece.first):
                rows[number - 1] = Row(None, number, index, code)
        return Rows(rows, "block")


def _understood(block: Piece) -> Iterator[Piece]:
    """The block if it is Python, IPython's own words left out; else what of it was typed in a session, and is."""
    if block.parses:
        yield block
    elif is_session(block):
        yield from (example for example in examples(block) if example.parses)
    elif (code := without_magics(block)) is not None and code.parses:
        yield code


def bare(line: str) -> str:
    """A line without its end."""
    return line[: len(line) - len(line_end(line))]
