"""Documents whose Python is joined from pieces: the ways between the joined source and the document are one."""

from __future__ import annotations

from abc import abstractmethod

from attnlint.diagnostics import Diagnostic, Edit
from attnlint.documents.base import Document
from attnlint.documents.pieces import Rows


class JoinedDocument(Document):
    """A document that holds pieces of Python."""

    @property
    @abstractmethod
    def rows(self) -> Rows:
        """The lines of `source`."""

    def reported(self, found: Diagnostic) -> Diagnostic:
        """The finding with the cell, lines and columns of the document."""
        return self.rows.reported(found)

    def line(self, found: Diagnostic) -> int:
        """The line that holds what the document has there."""
        return self.rows.line(found.cell, found.span.line)

    def placed(self, edit: Edit) -> Edit | str:
        """The edit of the document; none that reaches beyond a piece."""
        return self.rows.placed(edit)
