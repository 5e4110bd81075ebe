"""Settings of the server: from the client, from the project's files, and what happens when they change."""

from __future__ import annotations

import asyncio
import os
import textwrap
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from server_support import PATIENCE, Editor, capabilities, editor
from test_cli import run
from test_documents import BUGGY

pytestmark = pytest.mark.asyncio

UNSCALED, DISCARDED = "ATN101", "ATN204"
RAISING = '''
from attnlint.rule import Rule


class Raising(Rule):
    """A rule that raises."""

    code = "XYZ001"
    name = "raising"
    triggers = ("softmax",)

    def check_definition(self, graph):
        raise ZeroDivisionError("by zero")
        yield
'''


def codes(ide: Editor, uri: str) -> list[object]:
    return [one.code for one in ide.published[uri].diagnostics] if uri in ide.published else []


async def test_settings_of_the_client(tmp_path: Path) -> None:
    async with editor(tmp_path, settings={"select": [DISCARDED], "extendSelect": None, "path": "x"}) as ide:
        uri = ide.open("a.py", BUGGY)
        await ide.until(lambda: codes(ide, uri) == [DISCARDED])
        ide.client.set_configuration({"attnlint": {"ignore": [DISCARDED]}})
        ide.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(None))
        await ide.until(lambda: codes(ide, uri) == [UNSCALED])
        ide.client.set_configuration({"attnlint": {"enable": False}})
        ide.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(None))
        await ide.until(lambda: codes(ide, uri) == [])
        assert not ide.client.messages


async def test_settings_that_are_sent(tmp_path: Path) -> None:
    able = capabilities(settings=False)
    async with editor(tmp_path, able, options={"settings": {"ignore": [UNSCALED]}}) as ide:
        uri = ide.open("a.py", BUGGY)
        assert await ide.codes(uri) == [DISCARDED]
        changed = types.DidChangeConfigurationParams({"attnlint": {"ignore": [DISCARDED]}})
        ide.client.workspace_did_change_configuration(changed)
        await ide.until(lambda: codes(ide, uri) == [UNSCALED])


async def test_settings_that_are_none(tmp_path: Path) -> None:
    given = {
        "select": ["ATN9999"],
        "colour": "blue",
        "run": "never",
        "ignore": [UNSCALED],
        "configuration": "gone.toml",
    }
    async with editor(tmp_path, settings=given) as ide:
        uri = ide.open("a.py", BUGGY)
        await ide.until(lambda: codes(ide, uri) == [DISCARDED])
        said = " ".join(message.message for message in ide.client.messages)
        for wrong in ("ATN9999", "attnlint.colour", "attnlint.run", "gone.toml"):
            assert wrong in said
        assert len(ide.client.messages) == 4, "each is told once"


async def test_when_a_file_is_saved(tmp_path: Path) -> None:
    async with editor(tmp_path, capabilities(pull=True), settings={"run": "onSave"}) as ide:
        uri = ide.open("a.py", BUGGY)
        first = await ide.pull(uri)
        assert isinstance(first, types.RelatedFullDocumentDiagnosticReport)
        assert len(first.items) == 2
        ide.type(uri, "    scores.masked", "    scores = scores.masked")
        second = await ide.pull(uri)
        assert isinstance(second, types.RelatedFullDocumentDiagnosticReport)
        assert len(second.items) == 2
        ide.save(uri)
        third = await ide.pull(uri)
        assert isinstance(third, types.RelatedFullDocumentDiagnosticReport)
        assert len(third.items) == 1


async def test_files_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "attnlint.toml").write_text(f'ignore = ["{UNSCALED}"]\nexclude = ["left_out.py"]\n', "utf-8")
    async with editor(tmp_path) as ide:
        uri, excluded = ide.open("a.py", BUGGY), ide.open("left_out.py", BUGGY)
        await ide.until(lambda: codes(ide, uri) == [DISCARDED])
        await ide.until(lambda: excluded in ide.published)
        assert codes(ide, excluded) == []
        watched = [one for one in ide.registered if one.method == types.WORKSPACE_DID_CHANGE_WATCHED_FILES]
        assert len(watched) == 1
        (tmp_path / "attnlint.toml").write_text(f'ignore = ["{DISCARDED}"]\n', "utf-8")
        event = types.FileEvent(ide.uri("attnlint.toml"), types.FileChangeType.Changed)
        ide.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
        await ide.until(lambda: codes(ide, uri) == [UNSCALED])
        await ide.until(lambda: codes(ide, excluded) == [UNSCALED])


async def test_clients_that_watch_nothing(tmp_path: Path) -> None:
    async with editor(tmp_path, capabilities(watchers=False)) as ide:
        uri = ide.open("a.py", BUGGY)
        assert len(await ide.codes(uri)) == 2
        (tmp_path / "attnlint.toml").write_text(f'ignore = ["{DISCARDED}"]\n', "utf-8")
        ide.save(uri)
        await ide.until(lambda: codes(ide, uri) == [UNSCALED])


async def test_a_broken_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "attnlint.toml").write_text("ignore = [\n", "utf-8")
    async with editor(tmp_path) as ide:
        uri = ide.open("a.py", BUGGY)
        await ide.until(lambda: ide.client.messages)
        assert "attnlint.toml" in ide.client.messages[0].message
        assert codes(ide, uri) == []


async def test_a_file_that_takes_too_long_is_told(tmp_path: Path) -> None:
    (tmp_path / "attnlint.toml").write_text("time-limit = 1e-6\n", "utf-8")
    async with editor(tmp_path) as ide:
        uri = ide.open("a.py", BUGGY)
        await ide.until(lambda: ide.client.log_messages)
        assert "a.py: not analysed: it takes more than" in ide.client.log_messages[0].message
        assert codes(ide, uri) == []


async def test_folders_come_and_go(tmp_path: Path) -> None:
    other = tmp_path.parent / f"{tmp_path.name} other"
    other.mkdir()
    async with editor(tmp_path) as ide:
        ide.client.set_configuration({"attnlint": {"ignore": [DISCARDED]}}, scope_uri=other.as_uri())
        uri = ide.open((other / "a.py").as_uri(), BUGGY)
        await ide.until(lambda: codes(ide, uri) == [UNSCALED, DISCARDED])
        folder = types.WorkspaceFolder(other.as_uri(), "other")
        event = types.WorkspaceFoldersChangeEvent(added=[folder], removed=[])
        ide.client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))
        await ide.until(lambda: codes(ide, uri) == [UNSCALED])
        event = types.WorkspaceFoldersChangeEvent(added=[], removed=[folder])
        ide.client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))
        await ide.until(lambda: codes(ide, uri) == [UNSCALED, DISCARDED])


async def test_a_rule_that_raises_is_logged(tmp_path: Path) -> None:
    package = tmp_path / "site"
    (package / "raising-1.0.dist-info").mkdir(parents=True)
    (package / "raising.py").write_text(textwrap.dedent(RAISING), "utf-8")
    about = package / "raising-1.0.dist-info"
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: raising\nVersion: 1.0\n", "utf-8")
    (about / "entry_points.txt").write_text("[attnlint.rules]\nraising = raising\n", "utf-8")
    async with editor(tmp_path, env={**os.environ, "PYTHONPATH": str(package)}) as ide:
        uri = ide.open("a.py", BUGGY)
        await ide.until(lambda: codes(ide, uri) == [UNSCALED, DISCARDED])
        await ide.until(lambda: ide.client.log_messages)
        assert "XYZ001 raising failed with ZeroDivisionError: by zero" in ide.client.log_messages[0].message
        ide.type(uri, "    scores.masked", "    scores = scores.masked")
        assert await ide.codes(uri) == [UNSCALED]
        assert len(ide.client.log_messages) == 1


async def test_cancelled_requests(tmp_path: Path) -> None:
    async with editor(tmp_path, capabilities(pull=True)) as ide:
        uri = ide.open("a.py", "x = 1\n" * 40_000 + BUGGY)
        asked = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri))
        future = ide.client.protocol.send_request("textDocument/diagnostic", asked, msg_id="first")
        ide.client.cancel_request(types.CancelParams("first"))
        with pytest.raises(Exception, match="cancel"):
            await asyncio.wait_for(asyncio.wrap_future(future), PATIENCE)
        report = await ide.pull(uri)
        assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
        assert len(report.items) == 2


async def test_requests_about_texts_that_are_gone(tmp_path: Path) -> None:
    """Of many keystrokes, the last is answered; the others may be dropped, and none is answered with its findings."""
    async with editor(tmp_path) as ide:
        uri = ide.open("a.py", BUGGY)
        for number in range(30):
            ide.type(uri, "import torch", f"import torch  # {number}\nimport torch")
        ide.type(uri, "    scores.masked", "    scores = scores.masked")
        assert await ide.codes(uri) == [UNSCALED]


async def test_requests_about_a_text_that_changes_meanwhile(tmp_path: Path) -> None:
    """They are answered with that, not with places in a text that is gone, and the next ones with findings."""
    async with editor(tmp_path, capabilities(pull=True)) as ide:
        uri = ide.open("a.py", "x = 1\n" * 40_000 + BUGGY)
        asked = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri))
        future = ide.client.protocol.send_request("textDocument/diagnostic", asked)
        ide.type(uri, "    scores.masked", "    scores = scores.masked")
        with pytest.raises(JsonRpcException) as raised:
            await asyncio.wait_for(asyncio.wrap_future(future), PATIENCE)
        assert raised.value.code == types.LSPErrorCodes.ContentModified.value
        report = await ide.pull(uri)
        assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
        assert [one.code for one in report.items] == [UNSCALED]


@pytest.mark.parametrize(("given", "said"), [("here", "no HOST:PORT"), ("localhost:99999", "no HOST:PORT")])
async def test_addresses_that_are_none(given: str, said: str) -> None:
    done = run("server", "--tcp", given)
    assert (done.returncode, said in done.stderr) == (2, True)
