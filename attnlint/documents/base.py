"""What every document can do, and the plainest one: a file of Python."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from attnlint.diagnostics import Diagnostic, Edit, Span
from attnlint.syntax.edits import edited
from attnlint.syntax.outline import check_syntax
from attnlint.syntax.stack import on_big_stack
from attnlint.syntax.text import SourceText, extract

Matters = Callable[[bytes], bool]
"""Whether Python that holds these bytes is worth analysing."""


class Document(ABC):
    """One file: the Python in it, and the way from places in that Python to places in the file."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data

    @property
    @abstractmethod
    def source(self) -> SourceText:
        """All Python of the document as one module. Raises `SourceError` where it cannot be read."""

    @abstractmethod
    def may_matter(self, matters: Matters) -> bool:
        """Whether the Python of the document may matter, told without parsing it."""

    @abstractmethod
    def check(self) -> None:
        """Raise `SourceError` for a document that is broken, when nothing else is asked of it."""

    @property
    def pieces(self) -> int:
        """How many pieces of Python were understood; those that do not parse are left out of `source`."""
        return 1

    @abstractmethod
    def reported(self, found: Diagnostic) -> Diagnostic:
        """A finding in `source` as one in the file, its fix too."""

    @property
    @abstractmethod
    def parts(self) -> Mapping[int | None, Sequence[str]]:
        """The lines that people see, with their ends: by number of the cell, under None those of the whole file."""

    @abstractmethod
    def edited(self, edits: Iterable[Edit]) -> bytes:
        """The bytes of the file after edits of reported fixes, which do not overlap; all else is byte for byte the
        same. Raises `SourceError` where an edit cannot be written in the encoding of the file."""

    def extract(self, cell: int | None, span: Span) -> str:
        """The text at a place in the file."""
        return extract(self.parts[cell], span)


class PythonFile(Document):
    """A file that is Python, stubs too."""

    @cached_property
    def source(self) -> SourceText:
        """The file."""
        return SourceText.from_bytes(self.path, self.data)

    def may_matter(self, matters: Matters) -> bool:
        """Whether the bytes of the file may matter."""
        return matters(self.data)

    def check(self) -> None:
        """A file in which no rule can find anything is still told when it is not Python."""
        on_big_stack(lambda: check_syntax(self.source.text))

    def reported(self, found: Diagnostic) -> Diagnostic:
        """The finding itself."""
        return found

    @property
    def parts(self) -> Mapping[int | None, Sequence[str]]:
        """The lines of the file."""
        return {None: self.source.lines}

    def edited(self, edits: Iterable[Edit]) -> bytes:
        """The bytes after the edits."""
        return edited(self.source, edits)
