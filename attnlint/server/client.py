"""What the client can do, as it said when it began."""

from __future__ import annotations

from dataclasses import dataclass

from lsprotocol import types

from attnlint.server.positions import Positions


@dataclass(frozen=True)
class Client:
    """Questions about a client's capabilities."""

    capabilities: types.ClientCapabilities
    encoding: str

    @property
    def positions(self) -> Positions:
        """Places as the client counts them."""
        return Positions(self.encoding)

    @property
    def pulls(self) -> bool:
        """Whether it asks for diagnostics; it is not told of them besides then."""
        return self._document is not None and self._document.diagnostic is not None

    @property
    def refreshes(self) -> bool:
        """Whether it can be told to ask again."""
        diagnostics = self._workspace.diagnostics if self._workspace is not None else None
        return diagnostics is not None and bool(diagnostics.refresh_support)

    @property
    def has_settings(self) -> bool:
        """Whether it can be asked for settings."""
        return self._workspace is not None and bool(self._workspace.configuration)

    @property
    def registers_settings(self) -> bool:
        """Whether it can be asked to tell of new settings."""
        changes = self._workspace.did_change_configuration if self._workspace is not None else None
        return changes is not None and bool(changes.dynamic_registration)

    @property
    def registers_watchers(self) -> bool:
        """Whether it can be asked to tell of new files."""
        watched = self._workspace.did_change_watched_files if self._workspace is not None else None
        return watched is not None and bool(watched.dynamic_registration)

    @property
    def takes_versions(self) -> bool:
        """Whether it takes edits of a certain version of a document."""
        edits = self._workspace.workspace_edit if self._workspace is not None else None
        return edits is not None and bool(edits.document_changes)

    @property
    def shows_related(self) -> bool:
        """Whether it shows the places that a finding rests on."""
        if self._document is None:
            return False
        pushed, pulled = self._document.publish_diagnostics, self._document.diagnostic
        return any(one is not None and bool(one.related_information) for one in (pushed, pulled))

    @property
    def resolves_edits(self) -> bool:
        """Whether it asks for the edit of an action when somebody wants it."""
        action = self._document.code_action if self._document is not None else None
        support = action.resolve_support if action is not None else None
        return support is not None and "edit" in support.properties and bool(action and action.data_support)

    @property
    def opens_pages(self) -> bool:
        """Whether it can open a page of the web."""
        window = self.capabilities.window
        shows = window.show_document if window is not None else None
        return shows is not None and shows.support

    @property
    def _document(self) -> types.TextDocumentClientCapabilities | None:
        return self.capabilities.text_document

    @property
    def _workspace(self) -> types.WorkspaceClientCapabilities | None:
        return self.capabilities.workspace
