"""An editor for the tests of the language server: it opens texts, types, takes diagnostics and makes edits."""

from __future__ import annotations

import ast
import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from lsprotocol import types
from pygls.protocol import default_converter
from pytest_lsp import LanguageClient
from pytest_lsp.client import DEFAULT_CLIENT_FEATURES, register_lsp_features

PATIENCE = 20.0
"""Seconds to wait for the server before a test fails."""
_UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


def capabilities(
    *,
    pull: bool = False,
    encodings: Sequence[str] | None = None,
    lazy: bool = False,
    settings: bool = True,
    watchers: bool = True,
    pages: bool = True,
) -> types.ClientCapabilities:
    """What a client can do."""
    resolve = types.ClientCodeActionResolveOptions(["edit"]) if lazy else None
    return types.ClientCapabilities(
        general=types.GeneralClientCapabilities(
            position_encodings=[types.PositionEncodingKind(one) for one in encodings] if encodings else None
        ),
        window=types.WindowClientCapabilities(show_document=types.ShowDocumentClientCapabilities(pages)),
        workspace=types.WorkspaceClientCapabilities(
            configuration=settings,
            workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True),
            did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=watchers),
            did_change_configuration=types.DidChangeConfigurationClientCapabilities(dynamic_registration=settings),
            diagnostics=types.DiagnosticWorkspaceClientCapabilities(refresh_support=True),
        ),
        text_document=types.TextDocumentClientCapabilities(
            publish_diagnostics=types.PublishDiagnosticsClientCapabilities(related_information=True),
            diagnostic=types.DiagnosticClientCapabilities() if pull else None,
            code_action=types.CodeActionClientCapabilities(resolve_support=resolve, data_support=lazy),
        ),
        notebook_document=types.NotebookDocumentClientCapabilities(types.NotebookDocumentSyncClientCapabilities()),
    )


class Editor:
    """A client with a folder and what it has open there."""

    def __init__(self, client: LanguageClient, folder: Path) -> None:
        self.client = client
        self.folder = folder
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.published: dict[str, types.PublishDiagnosticsParams] = {}
        self.registered: list[types.Registration] = []
        self.encoding = "utf-16"
        self._news = asyncio.Event()

        own = {types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, types.CLIENT_REGISTER_CAPABILITY}
        register_lsp_features(client, {k: v for k, v in DEFAULT_CLIENT_FEATURES.items() if k not in own})

        def take(params: types.PublishDiagnosticsParams) -> None:
            self.published[params.uri] = params
            self._news.set()

        def register(params: types.RegistrationParams) -> None:
            self.registered.extend(params.registrations)

        client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(take)
        client.feature(types.CLIENT_REGISTER_CAPABILITY)(register)

    def uri(self, name: str) -> str:
        """The address of a file in the folder."""
        return (self.folder / name).as_uri()

    def open(self, name: str, text: str, language: str = "python") -> str:
        """Open a text that need not be on the disk."""
        uri = name if ":" in name else self.uri(name)
        self.texts[uri], self.versions[uri] = text, 1
        document = types.TextDocumentItem(uri, language, 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(document))
        return uri

    def type(self, uri: str, old: str, new: str) -> None:
        """Replace the first place that says ``old``."""
        text = self.texts[uri]
        start = text.index(old)
        range_ = types.Range(self.position(uri, start), self.position(uri, start + len(old)))
        self.texts[uri] = text[:start] + new + text[start + len(old) :]
        self.versions[uri] += 1
        change = types.TextDocumentContentChangePartial(range_, new)
        document = types.VersionedTextDocumentIdentifier(self.versions[uri], uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))

    def save(self, uri: str) -> None:
        """Tell that a document was saved."""
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri)))

    def close(self, uri: str) -> None:
        """Close a document."""
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something that the server says makes it so."""

        async def wait() -> None:
            while not holds():
                self._news.clear()
                try:
                    await asyncio.wait_for(self._news.wait(), 0.05)
                except asyncio.TimeoutError:
                    continue

        await asyncio.wait_for(wait(), PATIENCE)

    async def diagnostics(self, uri: str) -> list[types.Diagnostic]:
        """What the server says of the newest version of a document, once it says it."""
        await self.until(lambda: uri in self.published and self.published[uri].version == self.versions[uri])
        return list(self.published[uri].diagnostics)

    async def codes(self, uri: str) -> list[object]:
        """The codes of that."""
        return [one.code for one in await self.diagnostics(uri)]

    async def pull(self, uri: str, previous: str | None = None) -> types.DocumentDiagnosticReport:
        """Ask for diagnostics."""
        asked = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri), previous_result_id=previous)
        return await asyncio.wait_for(self.client.text_document_diagnostic_async(asked), PATIENCE)

    async def actions(
        self, uri: str, about: types.Diagnostic | types.Range, only: Sequence[str] | None = None
    ) -> list[types.CodeAction]:
        """The code actions at a diagnostic or a range."""
        range_ = about.range if isinstance(about, types.Diagnostic) else about
        context = types.CodeActionContext([about] if isinstance(about, types.Diagnostic) else [], only)
        asked = types.CodeActionParams(types.TextDocumentIdentifier(uri), range_, context)
        found = await asyncio.wait_for(self.client.text_document_code_action_async(asked), PATIENCE)
        return [_action(one) for one in found or []]

    async def hover(self, uri: str, place: str, offset: int = 0) -> str:
        """What is shown over the first place that says ``place``."""
        position = self.position(uri, self.texts[uri].index(place) + offset)
        asked = types.HoverParams(types.TextDocumentIdentifier(uri), position)
        found = await asyncio.wait_for(self.client.text_document_hover_async(asked), PATIENCE)
        return found.contents.value if found and isinstance(found.contents, types.MarkupContent) else ""

    def apply(self, edit: types.WorkspaceEdit | None) -> dict[str, str]:
        """The texts after an edit, of the documents that it touches. One of an old version fails."""
        assert edit is not None
        by_uri: dict[str, list[Any]] = {uri: list(edits) for uri, edits in (edit.changes or {}).items()}
        for change in edit.document_changes or []:
            assert isinstance(change, types.TextDocumentEdit)
            assert change.text_document.version == self.versions[change.text_document.uri]
            by_uri[change.text_document.uri] = list(change.edits)
        return {uri: self._edited(uri, edits) for uri, edits in by_uri.items()}

    def _edited(self, uri: str, edits: Sequence[types.TextEdit]) -> str:
        text = self.texts[uri]
        placed = [(self.offset(uri, e.range.start), self.offset(uri, e.range.end), e.new_text) for e in edits]
        for start, end, new in sorted(placed, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def at(self, uri: str, range_: types.Range) -> str:
        """The text of a range."""
        return self.texts[uri][self.offset(uri, range_.start) : self.offset(uri, range_.end)]

    def position(self, uri: str, offset: int) -> types.Position:
        """A place in a text as the protocol has it."""
        codec, size = _UNITS[self.encoding]
        before = self.texts[uri][:offset].replace("\r\n", "\n")
        line = before.rpartition("\n")[2]
        return types.Position(before.count("\n"), len(line.encode(codec)) // size)

    def offset(self, uri: str, position: types.Position) -> int:
        """The place that a position means."""
        codec, size = _UNITS[self.encoding]
        lines = self.texts[uri].splitlines(keepends=True)
        line = lines[position.line] if position.line < len(lines) else ""
        before = line.encode(codec)[: position.character * size].decode(codec)
        return sum(map(len, lines[: position.line])) + len(before)


def _action(given: types.CodeAction | types.Command) -> types.CodeAction:
    """An action; lsprotocol takes each that has a command for one, and its command for a text."""
    if isinstance(given, types.CodeAction):
        return given
    return types.CodeAction(given.title, command=types.Command(**ast.literal_eval(given.command)))


def _name(encoding: types.PositionEncodingKind | str | None) -> str:
    return encoding.value if isinstance(encoding, types.PositionEncodingKind) else str(encoding)


@asynccontextmanager
async def editor(
    folder: Path,
    able: types.ClientCapabilities | None = None,
    settings: object = None,
    options: object = None,
    env: dict[str, str] | None = None,
    command: Sequence[str] = (sys.executable, "-m", "attnlint", "server"),
) -> AsyncIterator[Editor]:
    """An editor with a server of its own; the server has to end well."""
    client = LanguageClient(converter_factory=default_converter)
    made = Editor(client, folder)
    if settings is not None:
        client.set_configuration({"attnlint": settings})
    await client.start_io(*command, env=env, cwd=str(folder))
    try:
        workspace = [types.WorkspaceFolder(folder.as_uri(), folder.name)]
        begun = await client.initialize_session(
            types.InitializeParams(
                capabilities=able or capabilities(), workspace_folders=workspace, initialization_options=options
            )
        )
        made.encoding = _name(begun.capabilities.position_encoding)
        yield made
        await asyncio.wait_for(client.shutdown_session(), PATIENCE)
        assert client._server is not None
        assert client._server.returncode == 0
    finally:
        if client._server is not None and client._server.returncode is None:
            client._server.kill()
        await cast(Any, client).stop()
