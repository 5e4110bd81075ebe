"""The language server as an editor meets it: a process that is spoken to over standard input and output."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from lsprotocol import types
from server_support import PATIENCE, Editor, capabilities, editor
from test_documents import BUGGY

pytestmark = pytest.mark.asyncio

UNSCALED, DISCARDED = "ATN101", "ATN204"
STALE = "x = 1  # attnlint: ignore[ATN101] -- once\n"


def whole() -> types.Range:
    return types.Range(types.Position(0, 0), types.Position(10_000, 0))


async def test_open_change_save_close(tmp_path: Path) -> None:
    async with editor(tmp_path) as ide:
        uri = ide.open("a.py", BUGGY)
        assert await ide.codes(uri) == [UNSCALED, DISCARDED]
        ide.type(uri, "    scores.masked", "    scores = scores.masked")
        assert await ide.codes(uri) == [UNSCALED]
        ide.save(uri)
        assert await ide.codes(uri) == [UNSCALED]
        ide.close(uri)
        await ide.until(lambda: not ide.published[uri].diagnostics)


async def test_what_a_diagnostic_says(tmp_path: Path) -> None:
    async with editor(tmp_path) as ide:
        uri = ide.open("a.py", BUGGY + STALE)
        found = await ide.diagnostics(uri)
        dropped = next(one for one in found if one.code == DISCARDED)
        assert ide.at(uri, dropped.range) == "scores.masked_fill(mask == 0, float('-inf'))"
        assert (dropped.severity, dropped.source) == (types.DiagnosticSeverity.Error, "attnlint")
        assert dropped.code_description is not None
        assert dropped.code_description.href.endswith(f"/rules/{DISCARDED}")
        assert [ide.at(uri, one.location.range) for one in dropped.related_information or []] == [
            "q @ k.transpose(-2, -1)"
        ]
        stale = next(one for one in found if one.code == "ATN001")
        assert list(stale.tags or ()) == [types.DiagnosticTag.Unnecessary]
        assert dropped.tags is None


async def test_pulled_reports_have_identities(tmp_path: Path) -> None:
    async with editor(tmp_path, capabilities(pull=True)) as ide:
        uri = ide.open("a.py", BUGGY)
        first = await ide.pull(uri)
        assert isinstance(first, types.RelatedFullDocumentDiagnosticReport)
        assert [one.code for one in first.items] == [UNSCALED, DISCARDED]
        again = await ide.pull(uri, first.result_id)
        assert isinstance(again, types.RelatedUnchangedDocumentDiagnosticReport)
        assert again.result_id == first.result_id
        ide.type(uri, "    scores.masked", "    scores = scores.masked")
        fresh = await ide.pull(uri, first.result_id)
        assert isinstance(fresh, types.RelatedFullDocumentDiagnosticReport)
        assert [one.code for one in fresh.items] == [UNSCALED]
        assert not ide.published, "a client that asks is not told besides"


async def action(ide: Editor, uri: str, code: str, title: str) -> types.CodeAction:
    one = next(one for one in await ide.diagnostics(uri) if one.code == code)
    offered = await ide.actions(uri, one)
    found = [each for each in offered if title in each.title]
    assert len(found) == 1, [each.title for each in offered]
    assert list(found[0].diagnostics or [one]) == [one]
    return found[0]


async def test_quick_fixes_are_made(tmp_path: Path) -> None:
    async with editor(tmp_path) as ide:
        uri = ide.open("a.py", BUGGY)
        fix = await action(ide, uri, DISCARDED, "Unsafe fix: ")
        assert fix.kind == types.CodeActionKind.QuickFix
        assert fix.is_preferred is None
        text = ide.apply(fix.edit)[uri]
        assert text == BUGGY.replace("    scores.masked", "    scores = scores.masked")


async def test_safe_fixes_are_preferred(tmp_path: Path) -> None:
    async with editor(tmp_path) as ide:
        uri = ide.open("a.py", STALE)
        fix = await action(ide, uri, "ATN001", "Take the comment out")
        assert fix.is_preferred
        assert ide.apply(fix.edit)[uri] == "x = 1\n"


@pytest.mark.parametrize("lazy", [False, True])
async def test_all_safe_fixes_at_once(tmp_path: Path, lazy: bool) -> None:
    async with editor(tmp_path, capabilities(lazy=lazy)) as ide:
        uri = ide.open("a.py", STALE + BUGGY + STALE)
        (fix,) = await ide.actions(uri, whole(), ["source.fixAll"])
        assert fix.kind == "source.fixAll.attnlint"
        assert (fix.edit is None) is lazy
        fix = await ide.client.code_action_resolve_async(fix) if lazy else fix
        assert ide.apply(fix.edit)[uri] == "x = 1\n" + BUGGY + "x = 1\n"


@pytest.mark.parametrize("only", [["source.organizeImports"], ["refactor"]])
async def test_other_kinds_of_actions_are_left_to_others(tmp_path: Path, only: list[str]) -> None:
    async with editor(tmp_path) as ide:
        uri = ide.open("a.py", STALE + BUGGY)
        assert await ide.actions(uri, whole(), only) == []
        assert await ide.actions(uri, whole(), ["source.fixAll.attnlint"])


async def test_comments_that_suppress(tmp_path: Path) -> None:
    async with editor(tmp_path) as ide:
        uri = ide.open(
            "a.py", BUGGY.replace("scores.masked_fill(mask == 0, float", "scores.masked_fill(\n\n mask, float")
        )
        fix = await action(ide, uri, DISCARDED, "Suppress ATN204")
        text = ide.apply(fix.edit)[uri]
        assert "scores.masked_fill(  # attnlint: ignore[ATN204]\n" in text
        other = ide.open("b.py", text)
        assert DISCARDED not in await ide.codes(other)


async def test_comments_about_comments_are_not_suppressed(tmp_path: Path) -> None:
    async with editor(tmp_path) as ide:
        uri = ide.open("a.py", STALE)
        titles = [one.title for one in await ide.actions(uri, (await ide.diagnostics(uri))[0])]
        assert not any("Suppress" in title for title in titles)


async def test_rules_are_explained(tmp_path: Path) -> None:
    async with editor(tmp_path) as ide:
        uri = ide.open("a.py", BUGGY)
        explain = await action(ide, uri, UNSCALED, "Explain ATN101")
        assert explain.command is not None
        asked = types.ExecuteCommandParams(explain.command.command, explain.command.arguments)
        await ide.client.workspace_execute_command_async(asked)
        assert [one.uri.rpartition("/")[2] for one in ide.client.shown_documents] == [UNSCALED]


async def test_rules_are_shown_where_no_page_can_be_opened(tmp_path: Path) -> None:
    async with editor(tmp_path, capabilities(pages=False)) as ide:
        uri = ide.open("a.py", BUGGY)
        explain = await action(ide, uri, UNSCALED, "Explain ATN101")
        assert explain.command is not None
        asked = types.ExecuteCommandParams(explain.command.command, explain.command.arguments)
        await ide.client.workspace_execute_command_async(asked)
        await ide.until(lambda: ide.client.messages)
        assert ide.client.messages[0].message.startswith("# ATN101 missing-scale")


async def test_hover_shows_the_rule(tmp_path: Path) -> None:
    async with editor(tmp_path) as ide:
        uri = ide.open("a.py", BUGGY + STALE + "y = 2  # noqa: E501, ATN204\n# attnlint: ignore-file[ATN402]\n")
        assert (await ide.hover(uri, "masked_fill")).startswith("# ATN204 discarded-mask")
        assert "**Why it hurts.**" in await ide.hover(uri, "ignore[ATN101]", len("ignore[A"))
        assert (await ide.hover(uri, "ATN204\n")).startswith("# ATN204 discarded-mask")
        assert (await ide.hover(uri, "ATN402")).startswith("# ATN402 ")
        assert await ide.hover(uri, "E501") == ""
        assert await ide.hover(uri, "import torch") == ""


# Places


@pytest.mark.parametrize(
    ("offered", "spoken"), [(None, "utf-16"), (["utf-8", "utf-16"], "utf-8"), (["utf-32"], "utf-32")]
)
async def test_characters_beyond_sixteen_bits(tmp_path: Path, offered: list[str] | None, spoken: str) -> None:
    text = BUGGY.replace("    scores.masked", "    '🤗é🤗'; scores.masked").replace(
        "k.tr", "k'🧪'.tr".replace("'🧪'", "")
    )
    async with editor(tmp_path, capabilities(encodings=offered)) as ide:
        assert ide.encoding == spoken
        uri = ide.open("a.py", text)
        found = next(one for one in await ide.diagnostics(uri) if one.code == DISCARDED)
        assert ide.at(uri, found.range) == "scores.masked_fill(mask == 0, float('-inf'))"
        fix = await action(ide, uri, DISCARDED, "Unsafe fix: ")
        assert "    '🤗é🤗'; scores = scores.masked" in ide.apply(fix.edit)[uri]
        ide.type(uri, "é🤗'; scores", "🤗🤗'; scores = scores")
        assert await ide.codes(uri) == [UNSCALED]


async def test_form_feeds_end_no_line(tmp_path: Path) -> None:
    async with editor(tmp_path) as ide:
        uri = ide.open("a.py", "x = 1\n\x0c\ny = '\u2028'\n" + BUGGY)
        found = next(one for one in await ide.diagnostics(uri) if one.code == DISCARDED)
        assert found.range.start.line == 3 + BUGGY[: BUGGY.index("scores.masked")].count("\n")
        at = types.Range(types.Position(found.range.start.line, 4), types.Position(found.range.start.line, 4))
        change = types.TextDocumentContentChangePartial(at, "scores = ")
        document = types.VersionedTextDocumentIdentifier(2, uri)
        ide.versions[uri] = 2
        ide.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))
        assert await ide.codes(uri) == [UNSCALED]


async def test_line_ends_stay(tmp_path: Path) -> None:
    async with editor(tmp_path) as ide:
        text = (STALE + BUGGY).replace("\n", "\r\n")
        uri = ide.open("a.py", text)
        (fix,) = await ide.actions(uri, whole(), ["source.fixAll"])
        assert ide.apply(fix.edit)[uri] == ("x = 1\n" + BUGGY).replace("\n", "\r\n")


async def test_a_declared_encoding_is_no_matter_of_buffers(tmp_path: Path) -> None:
    async with editor(tmp_path) as ide:
        uri = ide.open("a.py", "# -*- coding: latin-1 -*-\nö = 1\n" + STALE)
        (fix,) = await ide.actions(uri, whole(), ["source.fixAll"])
        assert ide.apply(fix.edit)[uri] == "# -*- coding: latin-1 -*-\nö = 1\nx = 1\n"


# Broken texts


async def test_half_typed_files_have_their_error_alone(tmp_path: Path) -> None:
    async with editor(tmp_path) as ide:
        uri = ide.open("a.py", BUGGY)
        assert len(await ide.codes(uri)) == 2
        ide.type(uri, "return torch", "return (torch")
        (error,) = await ide.diagnostics(uri)
        assert "never closed" in error.message
        assert ide.at(uri, error.range).startswith("return (torch")
        ide.type(uri, "return (torch", "return torch")
        assert await ide.codes(uri) == [UNSCALED, DISCARDED]


async def test_syntax_errors_can_be_left_to_others(tmp_path: Path) -> None:
    async with editor(tmp_path, settings={"showSyntaxErrors": False}) as ide:
        uri = ide.open("a.py", "def (")
        await ide.until(lambda: uri in ide.published)
        assert not ide.published[uri].diagnostics


@pytest.mark.parametrize(
    "text",
    ["", "\x00", "(" * 100_000, "x = " + "-" * 200_000 + "1", "\ud800", "x = 1\n" * 100_000, "﻿import torch\n" + BUGGY],
    ids=["empty", "null", "brackets", "deep", "surrogate", "long", "mark"],
)
async def test_it_stays_up(tmp_path: Path, text: str) -> None:
    async with editor(tmp_path, capabilities(pull=True)) as ide:
        broken = ide.open("broken.py", text) if text != "\ud800" else ide.open("broken.py", "'\\ud800'")
        await ide.pull(broken)
        uri = ide.open("a.py", BUGGY)
        report = await ide.pull(uri)
        assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
        assert len(report.items) == 2


# The process


async def test_over_a_connection(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "attnlint", "server", "--tcp", f"127.0.0.1:{port}"]
    process = await asyncio.create_subprocess_exec(*command, cwd=tmp_path)
    try:
        reader, writer = await asyncio.wait_for(connected(port), PATIENCE)
        asked = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}
        data = json.dumps(asked).encode()
        writer.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        length = next(int(line.split(b":")[1]) for line in head.splitlines() if line.startswith(b"Content-Length"))
        answer = json.loads(await asyncio.wait_for(reader.readexactly(length), PATIENCE))
        assert answer["result"]["serverInfo"]["name"] == "attnlint"
        writer.close()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    while True:
        try:
            return await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)


async def test_without_pygls_one_line_says_what_to_do() -> None:
    hidden = "import sys; sys.modules['pygls'] = None; sys.argv = ['attnlint', 'server']; "
    code = hidden + "from attnlint.cli import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "Error: the server needs pygls 2, which comes with: pip install 'attnlint[server]'\n"


BUSY = """
import sys, threading
from attnlint.incremental import Session

def lint(*given):
    print("begun", file=sys.stderr, flush=True)
    threading.Event().wait()

Session.lint = lint
sys.argv = ["attnlint", "server"]
from attnlint.cli import main
sys.exit(main())
"""


@pytest.mark.parametrize(("farewell", "status"), [(["shutdown", "exit"], 0), (["exit"], 1), ([], 1)])
async def test_the_process_ends_with_its_client_whatever_is_analysed(
    tmp_path: Path, farewell: list[str], status: int
) -> None:
    pipe = subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", BUSY, cwd=tmp_path, stdin=pipe, stdout=pipe, stderr=pipe
    )
    assert process.stdin is not None
    assert process.stderr is not None
    try:
        process.stdin.write(message("initialize", {"capabilities": {}}, 1))
        process.stdin.write(message("initialized", {}))
        document = {"uri": (tmp_path / "a.py").as_uri(), "languageId": "python", "version": 1, "text": BUGGY}
        process.stdin.write(message("textDocument/didOpen", {"textDocument": document}))
        assert await asyncio.wait_for(process.stderr.readline(), PATIENCE) == b"begun\n"
        for number, method in enumerate(farewell, 2):
            process.stdin.write(message(method, None, number if method == "shutdown" else None))
        if not farewell:
            process.stdin.close()
        assert await asyncio.wait_for(process.wait(), PATIENCE) == status
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def message(method: str, params: object, number: int | None = None) -> bytes:
    """A request, or without a number a notification."""
    said = {"jsonrpc": "2.0", "method": method, "params": params} | ({"id": number} if number is not None else {})
    data = json.dumps(said).encode()
    return b"Content-Length: %d\r\n\r\n" % len(data) + data


@pytest.mark.skipif(sys.platform == "win32", reason="closed streams are of POSIX")
async def test_without_standard_input_one_line_says_so() -> None:
    command = ["sh", "-c", '"$0" -m attnlint server <&-', sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Error: standard input is closed, and the server takes what the editor says from there\n"
