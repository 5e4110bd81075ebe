"""Notebooks in the editor: their cells are one module, and each has what is found in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types
from server_support import Editor, capabilities, editor
from test_documents import BUGGY, MARKDOWN

pytestmark = pytest.mark.asyncio

UNSCALED, DISCARDED = "ATN101", "ATN204"
IMPORTS, REST = BUGGY.split("\n\n\n")
STALE = "x = 1  # attnlint: ignore[ATN101] -- once\n"


class NotebookEditor:
    """An editor that has one notebook open."""

    def __init__(self, ide: Editor, *texts: str) -> None:
        self.ide = ide
        self.uri = ide.uri("a.ipynb")
        self.cells = [f"{self.uri.replace('file:', 'vscode-notebook-cell:')}#{number}" for number in range(len(texts))]
        for uri, text in zip(self.cells, texts, strict=True):
            ide.texts[uri], ide.versions[uri] = text, 1
        kinds = [
            types.NotebookCellKind.Markup if text.startswith("# ") else types.NotebookCellKind.Code for text in texts
        ]
        opened = types.NotebookDocument(
            self.uri,
            "jupyter-notebook",
            1,
            [types.NotebookCell(kind, uri) for kind, uri in zip(kinds, self.cells, strict=True)],
        )
        items = [
            types.TextDocumentItem(uri, "python" if kind is types.NotebookCellKind.Code else "markdown", 1, text)
            for kind, uri, text in zip(kinds, self.cells, texts, strict=True)
        ]
        ide.client.notebook_document_did_open(types.DidOpenNotebookDocumentParams(opened, items))

    def change(self, cells: types.NotebookDocumentCellChanges) -> None:
        """Tell of a change."""
        document = types.VersionedNotebookDocumentIdentifier(2, self.uri)
        event = types.NotebookDocumentChangeEvent(cells=cells)
        self.ide.client.notebook_document_did_change(types.DidChangeNotebookDocumentParams(document, event))

    def type(self, number: int, old: str, new: str) -> None:
        """Type into a cell."""
        uri, ide = self.cells[number], self.ide
        start = ide.texts[uri].index(old)
        range_ = types.Range(ide.position(uri, start), ide.position(uri, start + len(old)))
        ide.texts[uri] = ide.texts[uri].replace(old, new, 1)
        ide.versions[uri] += 1
        document = types.VersionedTextDocumentIdentifier(ide.versions[uri], uri)
        content = types.NotebookDocumentCellContentChanges(
            document, [types.TextDocumentContentChangePartial(range_, new)]
        )
        self.change(types.NotebookDocumentCellChanges(text_content=[content]))

    def codes(self, number: int) -> list[object] | None:
        """What is published about a cell."""
        published = self.ide.published.get(self.cells[number])
        return None if published is None else [one.code for one in published.diagnostics]


async def test_cells_are_one_module(tmp_path: Path) -> None:
    async with editor(tmp_path) as ide:
        book = NotebookEditor(ide, "# Title", IMPORTS, REST, "%matplotlib inline\nx = 1")
        await ide.until(lambda: book.codes(2) == [UNSCALED, DISCARDED])
        await ide.until(lambda: book.codes(1) == [] and book.codes(3) == [])
        found = ide.published[book.cells[2]].diagnostics[1]
        assert ide.at(book.cells[2], found.range) == "scores.masked_fill(mask == 0, float('-inf'))"
        book.type(2, "    scores.masked", "    scores = scores.masked")
        await ide.until(lambda: book.codes(2) == [UNSCALED])


async def test_fixes_in_cells(tmp_path: Path) -> None:
    async with editor(tmp_path) as ide:
        book = NotebookEditor(ide, "# Title", STALE, IMPORTS, REST + STALE)
        await ide.until(lambda: book.codes(3) is not None)
        cell = book.cells[3]
        about = next(one for one in ide.published[cell].diagnostics if one.code == DISCARDED)
        fix = next(one for one in await ide.actions(cell, about) if one.title.startswith("Unsafe fix"))
        assert ide.apply(fix.edit) == {cell: (REST + STALE).replace("    scores.m", "    scores = scores.m")}
        (whole,) = await ide.actions(cell, about, ["source.fixAll"])
        assert ide.apply(whole.edit) == {book.cells[1]: "x = 1\n", cell: REST + "x = 1\n"}
        assert (await ide.hover(cell, "masked_fill")).startswith("# ATN204")


async def test_cells_come_and_go(tmp_path: Path) -> None:
    async with editor(tmp_path) as ide:
        book = NotebookEditor(ide, IMPORTS, REST)
        await ide.until(lambda: book.codes(1) == [UNSCALED, DISCARDED])
        new = f"{book.uri}#new"
        ide.texts[new], ide.versions[new] = STALE, 1
        array = types.NotebookCellArrayChange(1, 1, [types.NotebookCell(types.NotebookCellKind.Code, new)])
        structure = types.NotebookDocumentCellChangeStructure(
            array,
            [types.TextDocumentItem(new, "python", 1, STALE)],
            [types.TextDocumentIdentifier(book.cells[1])],
        )
        book.change(types.NotebookDocumentCellChanges(structure=structure))
        await ide.until(lambda: book.codes(1) == [])
        await ide.until(lambda: new in ide.published)
        assert [one.code for one in ide.published[new].diagnostics] == ["ATN001"]
        closing = [types.TextDocumentIdentifier(uri) for uri in (book.cells[0], new)]
        closed = types.DidCloseNotebookDocumentParams(types.NotebookDocumentIdentifier(book.uri), closing)
        ide.client.notebook_document_did_close(closed)
        await ide.until(lambda: not ide.published[new].diagnostics)


async def test_a_half_typed_cell_hides_no_other(tmp_path: Path) -> None:
    async with editor(tmp_path, capabilities(pull=True)) as ide:
        book = NotebookEditor(ide, BUGGY, "def (")
        first = await ide.pull(book.cells[0])
        assert isinstance(first, types.RelatedFullDocumentDiagnosticReport)
        assert [one.code for one in first.items] == [UNSCALED, DISCARDED]
        second = await ide.pull(book.cells[1])
        assert isinstance(second, types.RelatedFullDocumentDiagnosticReport)
        assert not second.items


async def test_markdown_in_an_editor(tmp_path: Path) -> None:
    async with editor(tmp_path) as ide:
        uri = ide.open("a.md", MARKDOWN, "markdown")
        found = await ide.diagnostics(uri)
        assert DISCARDED in [one.code for one in found]
        about = next(one for one in found if one.code == DISCARDED)
        assert ide.at(uri, about.range).startswith("scores.masked_fill")


async def test_a_text_that_was_never_saved(tmp_path: Path) -> None:
    async with editor(tmp_path) as ide:
        uri = ide.open("untitled:Untitled-1", BUGGY)
        assert await ide.codes(uri) == [UNSCALED, DISCARDED]
