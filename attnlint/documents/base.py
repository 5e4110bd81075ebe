"""What every document can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from attnlint.diagnostics import Diagnostic, Edit, Span
from attnlint.syntax.text import SourceText, extract

Matters = Callable[[bytes], bool]
"""Whether Python that holds these bytes is worth analysing."""


class Document(ABC):
    """One file: the Python in it, and the way from places in that Python to places in the file."""

    def __init__(self, path: str, content: bytes | str) -> None:
        self.path = path
        self.content = content

    @cached_property
    def data(self) -> bytes:
        """The bytes of the file. Raises `SourceError` for text that cannot be written as any."""
        return SourceText.from_text(self.path, self.content).data if isinstance(self.content, str) else self.content

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

    @abstractmethod
    def line(self, found: Diagnostic) -> int:
        """The line of `source` on which a reported finding begins."""

    @abstractmethod
    def placed(self, edit: Edit) -> Edit | str:
        """An edit of `source` as one of the file, or why it cannot be made there."""

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
