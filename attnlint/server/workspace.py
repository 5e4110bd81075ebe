"""What is open in the editor, with the lines that the protocol knows.

Lines end with a line feed, a carriage return or both, in the protocol as in Python; form feeds and the like end none.
"""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types
from pygls import workspace

from attnlint.syntax.text import split_lines


class TextDocument(workspace.TextDocument):
    """A document, or a cell of a notebook."""

    @property
    def lines(self) -> Sequence[str]:
        """Its lines with their ends."""
        return split_lines(self.source)


class Workspace(workspace.Workspace):
    """All open documents and folders."""

    def _create_text_document(
        self,
        doc_uri: str,
        source: str | None = None,
        version: int | None = None,
        language_id: str | None = None,
    ) -> TextDocument:
        return TextDocument(
            doc_uri, source, version, language_id, sync_kind=self._sync_kind, position_codec=self.position_codec
        )


def opened(params: types.InitializeParams, encoding: str) -> Workspace:
    """The workspace that a client begins with."""
    return Workspace(
        params.root_uri,
        types.TextDocumentSyncKind.Incremental,
        params.workspace_folders or [],
        types.PositionEncodingKind(encoding),
    )
