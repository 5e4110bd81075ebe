"""What a client says and asks, one function for each kind of message; `make` is where all of it begins."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any, TypeVar

from lsprotocol import types

from attnlint.interruptions import leave
from attnlint.rule import installed
from attnlint.server.actions import EXPLAIN, KINDS
from attnlint.server.app import Server
from attnlint.server.hover import hover, page
from attnlint.server.options import SECTION
from attnlint.server.reports import result_id

_WATCHED = ("**/pyproject.toml", "**/*attnlint.toml")
"""Files that may be configuration files."""
F = TypeVar("F", bound=Callable[..., Any])

_HANDLERS: list[tuple[str, Callable[..., Any], Any]] = []


def _handles(name: str, options: Any = None) -> Callable[[F], F]:
    """A function that handles messages of one kind."""

    def noted(handler: F) -> F:
        _HANDLERS.append((name, handler, options))
        return handler

    return noted


@_handles(types.INITIALIZE)
def _initialize(ls: Server, params: types.InitializeParams) -> None:
    ls.begin(params)


@_handles(types.INITIALIZED)
async def _initialized(ls: Server, params: types.InitializedParams) -> None:
    wanted = []
    if ls.client.registers_watchers:
        watchers = [types.FileSystemWatcher(pattern) for pattern in _WATCHED]
        options: Any = types.DidChangeWatchedFilesRegistrationOptions(watchers)
        wanted.append(types.Registration("attnlint-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options))
    if ls.client.registers_settings:
        options = types.DidChangeConfigurationRegistrationOptions(section=SECTION)
        wanted.append(types.Registration("attnlint-settings", types.WORKSPACE_DID_CHANGE_CONFIGURATION, options))
    if wanted:
        await ls.client_register_capability_async(types.RegistrationParams(wanted))
    await ls.configure()


@_handles(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
async def _settings_changed(ls: Server, params: types.DidChangeConfigurationParams) -> None:
    if not ls.client.has_settings:
        ls.take(params.settings)
    await ls.configure()


@_handles(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
def _files_changed(ls: Server, params: types.DidChangeWatchedFilesParams) -> None:
    ls.refresh()


@_handles(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
async def _folders_changed(ls: Server, params: types.DidChangeWorkspaceFoldersParams) -> None:
    ls.take_folders()
    await ls.configure()


@_handles(types.TEXT_DOCUMENT_DID_OPEN)
def _opened(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
    ls.saved(params.text_document.uri)


@_handles(types.TEXT_DOCUMENT_DID_CHANGE)
def _changed(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
    ls.changed(params.text_document.uri)


@_handles(types.TEXT_DOCUMENT_DID_SAVE, types.SaveOptions(include_text=False))
def _saved(ls: Server, params: types.DidSaveTextDocumentParams) -> None:
    ls.read_again()
    ls.saved(params.text_document.uri)


@_handles(types.TEXT_DOCUMENT_DID_CLOSE)
def _closed(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
    ls.closed(params.text_document.uri, [params.text_document.uri])


@_handles(types.NOTEBOOK_DOCUMENT_DID_OPEN)
def _notebook_opened(ls: Server, params: types.DidOpenNotebookDocumentParams) -> None:
    ls.saved(params.notebook_document.uri)


@_handles(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
def _notebook_changed(ls: Server, params: types.DidChangeNotebookDocumentParams) -> None:
    cells = params.change.cells
    gone = cells.structure.did_close if cells is not None and cells.structure is not None else None
    for cell in gone or ():
        ls.closed(cell.uri, [cell.uri])
    ls.changed(params.notebook_document.uri)


@_handles(types.NOTEBOOK_DOCUMENT_DID_SAVE)
def _notebook_saved(ls: Server, params: types.DidSaveNotebookDocumentParams) -> None:
    ls.read_again()
    ls.saved(params.notebook_document.uri)


@_handles(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
def _notebook_closed(ls: Server, params: types.DidCloseNotebookDocumentParams) -> None:
    ls.closed(params.notebook_document.uri, [cell.uri for cell in params.cell_text_documents])


@_handles(
    types.TEXT_DOCUMENT_DIAGNOSTIC,
    types.DiagnosticOptions(inter_file_dependencies=False, workspace_diagnostics=False, identifier=SECTION),
)
async def _pulled(ls: Server, params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
    found = await ls.report(params.text_document.uri)
    identity = result_id(found)
    if identity == params.previous_result_id:
        return types.RelatedUnchangedDocumentDiagnosticReport(identity)
    return types.RelatedFullDocumentDiagnosticReport(found, result_id=identity)


@_handles(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(list(KINDS), resolve_provider=True))
async def _actions(ls: Server, params: types.CodeActionParams) -> list[types.CodeAction] | None:
    asked = await ls.asked(params.text_document.uri)
    if asked is None:
        return None
    analysis, cell = asked
    span = ls.client.positions.span(params.range, analysis.snapshot.parts[cell].lines)
    actions = ls.actions
    return await ls.worked(analysis, lambda: actions.offered(analysis, cell, span, params.context.only))


@_handles(types.CODE_ACTION_RESOLVE)
async def _resolved(ls: Server, params: types.CodeAction) -> types.CodeAction:
    uri = params.data.get("uri") if isinstance(params.data, dict) else None
    asked = await ls.asked(uri) if isinstance(uri, str) else None
    if asked is None:
        return params
    analysis = asked[0]
    actions = ls.actions
    return await ls.worked(analysis, lambda: actions.resolved(params, analysis))


@_handles(types.TEXT_DOCUMENT_HOVER)
async def _hover(ls: Server, params: types.HoverParams) -> types.Hover | None:
    asked = await ls.asked(params.text_document.uri)
    return hover(*asked, params.position, ls.client.positions) if asked is not None else None


async def explain(ls: Server, code: str) -> None:
    """Open the page of a rule where the client can, else show it."""
    rule = installed().rules.get(code)
    if rule is None:
        return
    if ls.client.opens_pages:
        shown = await ls.window_show_document_async(types.ShowDocumentParams(rule.url(), external=True))
        if shown.success:
            return
    ls.window_show_message(types.ShowMessageParams(types.MessageType.Info, page(code)))


def make() -> Server:
    """A server that is ready to be started."""
    server = Server()
    for name, handler, options in _HANDLERS:
        server.feature(name, options)(handler)
    server.command(EXPLAIN)(explain)
    return server


def run(address: tuple[str, int] | None = None) -> int:
    """Serve one client over standard input and output, or over a connection to an address; the exit status.

    What anything prints meanwhile goes to standard error, for standard output belongs to the client. An analysis that
    is under way when the client leaves is not waited for: the process ends here.
    """
    server = make()
    try:
        status = _served(server, address)
    finally:
        server.analyses.stop()
    if server.analyses.is_busy:
        leave(status)
    return status


def _served(server: Server, address: tuple[str, int] | None) -> int:
    """Serve until the client leaves; the exit status."""
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as output, redirect_stdout(sys.stderr):
        try:
            if address is None:
                server.start_io(stdout=output)
            else:
                server.start_tcp(*address)
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else 1
    return 0 if server.was_told_to_end else 1
