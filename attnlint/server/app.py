"""The state of one connection: what is open, what the client wants, and what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcContentModified, JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from attnlint import __version__
from attnlint.server.actions import Actions
from attnlint.server.analyses import Analyses, Analysis, Outdated
from attnlint.server.changes import Changer
from attnlint.server.client import Client
from attnlint.server.options import SECTION, Options
from attnlint.server.projects import Projects
from attnlint.server.reports import Reporter
from attnlint.server.snapshots import Snapshot, snapshot
from attnlint.server.workspace import opened
from attnlint.syntax.text import SourceError

DEBOUNCE = 0.02
"""Seconds without a keystroke after which a document is looked at."""
_NOTEBOOKS = types.NotebookDocumentSyncOptions(
    [
        types.NotebookDocumentFilterWithNotebook(
            notebook=types.NotebookDocumentFilterNotebookType("jupyter-notebook"),
            cells=[types.NotebookCellLanguage("python")],
        )
    ],
    save=True,
)
T = TypeVar("T")


class Server(LanguageServer):
    """One server for one client."""

    def __init__(self) -> None:
        super().__init__(SECTION, __version__, notebook_document_sync=_NOTEBOOKS)
        self.projects = Projects(tell=self._complain)
        self.analyses = Analyses(self.projects)
        self.client = Client(types.ClientCapabilities(), "utf-16")
        self._waiting: dict[str, asyncio.Task[None]] = {}
        self._dirty: set[str] = set()
        self._reports: dict[str, list[types.Diagnostic]] = {}
        self._logged: set[str] = set()

    # -- what the client can do

    def begin(self, params: types.InitializeParams) -> None:
        """Take what the client says of itself."""
        encoding = self.protocol.workspace.position_encoding
        self.protocol._workspace = opened(params, str(getattr(encoding, "value", encoding)))
        self.client = Client(params.capabilities, str(getattr(encoding, "value", encoding)))
        self.take(params.initialization_options)

    @property
    def was_told_to_end(self) -> bool:
        """Whether the client said that it needs nothing more."""
        return self.protocol._shutdown

    @property
    def reporter(self) -> Reporter:
        """Makes diagnostics for the client."""
        return Reporter(self.client.positions, self.client.shows_related)

    @property
    def actions(self) -> Actions:
        """Makes actions for the client."""
        changer = Changer(self.client.positions, self.client.takes_versions)
        return Actions(self.reporter, changer, self.client.resolves_edits)

    # -- settings

    def take(self, given: object) -> None:
        """Take what the client sent as the options of all folders."""
        self.projects.usual = Options.of(given)
        self.take_folders()

    def take_folders(self, options: Sequence[Options] = ()) -> None:
        """Take the folders of the workspace, with options of each; without any, with those of everything else."""
        folders = [to_fs_path(folder.uri) for folder in self.workspace.folders.values()]
        each = options or [self.projects.usual] * len(folders)
        self.projects.set_folders({folder: one for folder, one in zip(folders, each, strict=True) if folder})

    async def configure(self) -> None:
        """Ask the client for its settings, and look at all documents again."""
        if self.client.has_settings:
            scopes: list[str | None] = [*(folder.uri for folder in self.workspace.folders.values()), None]
            items = [types.ConfigurationItem(scope_uri=scope, section=SECTION) for scope in scopes]
            try:
                given = await self.workspace_configuration_async(types.ConfigurationParams(items))
            except JsonRpcException as error:
                self.log(f"the client does not tell its settings: {error.message}", types.MessageType.Warning)
            else:
                self._take_all([Options.of(one) if one is not None else self.projects.usual for one in given], scopes)
        self.refresh()

    def _take_all(self, options: Sequence[Options], scopes: Sequence[str | None]) -> None:
        """Take options of folders and, last, of everything else, unless the folders changed meanwhile."""
        if len(options) == len(scopes) == len(self.workspace.folders) + 1:
            self.projects.usual = options[-1]
            self.take_folders(options[:-1])

    def refresh(self) -> None:
        """Look at all open documents again: settings or rules may be others."""
        self.projects.forget()
        if self.client.pulls and self.client.refreshes:
            self.workspace_diagnostic_refresh(None)
        for document in [snapshot(self.workspace, uri) for uri in self.analyses.open]:
            if document is not None:
                self.saved(document.uri)

    def read_again(self) -> None:
        """Read configuration files again where the client does not tell that they changed."""
        if not self.client.registers_watchers:
            self.refresh()

    # -- documents

    def saved(self, uri: str) -> None:
        """Take a document that was opened or saved, and tell what is found in it."""
        document = self._taken(uri)
        if document is not None:
            self._dirty.discard(document.uri)
            self._tell(document, 0)

    def changed(self, uri: str) -> None:
        """Take the new text of a document, and tell what is found in it unless that is wanted of saved ones alone."""
        document = self._taken(uri)
        if document is None:
            return
        if self.projects.of(document.path).options.run == "onSave":
            self._dirty.add(document.uri)
        else:
            self._tell(document, DEBOUNCE)

    def closed(self, uri: str, parts: Iterable[str]) -> None:
        """Forget a document, and that anything was found in it."""
        self._stop_waiting(uri)
        self.analyses.close(uri)
        self._dirty.discard(uri)
        for part in parts:
            self._reports.pop(part, None)
            if not self.client.pulls:
                self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(part, []))

    def _taken(self, uri: str) -> Snapshot | None:
        document = snapshot(self.workspace, uri)
        return self.analyses.note(document) if document is not None else None

    def _tell(self, document: Snapshot, delay: float) -> None:
        self._stop_waiting(document.uri)
        if not self.client.pulls:
            self._waiting[document.uri] = asyncio.ensure_future(self._push(document, delay))

    def _stop_waiting(self, uri: str) -> None:
        waiting = self._waiting.pop(uri, None)
        if waiting is not None:
            waiting.cancel()

    async def _push(self, document: Snapshot, delay: float) -> None:
        await asyncio.sleep(delay)
        with suppress(Outdated):
            analysis = await self.analysis(document)
            if self.analyses.is_current(document):
                for cell, part in document.parts.items():
                    found = self.reporter.diagnostics(analysis, cell)
                    told = types.PublishDiagnosticsParams(part.uri, found, part.version)
                    self.text_document_publish_diagnostics(told)

    async def report(self, uri: str) -> list[types.Diagnostic]:
        """The diagnostics of a document or a cell, for a client that asks: where they are wanted of saved documents
        alone, those that it had when it was saved."""
        document = snapshot(self.workspace, uri)
        if document is None or document.uri not in self._dirty or uri not in self._reports:
            asked = await self.asked(uri)
            self._reports[uri] = self.reporter.diagnostics(*asked) if asked is not None else []
        return self._reports[uri]

    async def analysis(self, document: Snapshot) -> Analysis:
        """What is found in a document; what went wrong on the way is logged. Raises `Outdated`."""
        analysis = await self.analyses.of(document)
        if analysis.complaint is not None:
            self.projects.complain(analysis.complaint)
        for message in analysis.messages:
            if message not in self._logged:
                self._logged.add(message)
                self.log(message)
        return analysis

    async def asked(self, uri: str) -> tuple[Analysis, int | None] | None:
        """What is found in a document, and the cell of it, that a request is about; None where that is not open.

        Where it changed meanwhile, the client is told so, and asks again if it still wants to know.
        """
        document = snapshot(self.workspace, uri)
        known = self.analyses.current(document.uri) if document is not None else None
        if known is None or uri not in {known.uri, *(part.uri for part in known.parts.values())}:
            return None
        try:
            return await self.analysis(known), known.cell_of(uri)
        except Outdated:
            raise _modified() from None

    async def worked(self, analysis: Analysis, work: Callable[[], T]) -> T:
        """What some work about a document comes to, which is done behind all other work."""
        try:
            return await self.analyses.do(analysis.snapshot, work)
        except Outdated:
            raise _modified() from None
        except SourceError as error:
            raise JsonRpcException(str(error), types.LSPErrorCodes.RequestFailed.value) from None

    # -- people

    def log(self, message: str, kind: types.MessageType = types.MessageType.Error) -> None:
        """Write into the log that the editor keeps."""
        self.window_log_message(types.LogMessageParams(kind, message))

    def _complain(self, reason: str) -> None:
        self.window_show_message(types.ShowMessageParams(types.MessageType.Error, f"attnlint: {reason}"))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log what went wrong; nobody is interrupted by it."""
        self.log(f"{type(error).__name__}: {error}")


def _modified() -> JsonRpcException:
    """What a client is told that asks about a text which is gone."""
    return JsonRpcContentModified(data={"retriggerRequest": True})
