"""What a document of the editor said at one moment: nothing changes it while it is looked at."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

from lsprotocol import types
from pygls.uris import to_fs_path, urlparse
from pygls.workspace import TextDocument, Workspace

from attnlint.documents import SUFFIXES
from attnlint.syntax.text import split_lines

_PYTHON = frozenset({"python", "python3", "ipython"})
_ENDINGS = {"markdown": ".md", "quarto": ".qmd", "restructuredtext": ".rst", "rst": ".rst", "rmd": ".Rmd"}
"""How a file is called that an editor calls by such a language."""


@dataclass(frozen=True)
class Part:
    """A text that the editor knows by an address of its own: a whole document, or a cell of a notebook."""

    uri: str
    version: int | None
    text: str

    @cached_property
    def lines(self) -> Sequence[str]:
        """Its lines with their ends."""
        return split_lines(self.text)


@dataclass(frozen=True)
class Snapshot:
    """A document: its address, the file that it is saved as, and its content as the file would have it.

    ``parts`` is what the editor shows of it, by the number of the cell; a document that is no notebook is under None.
    """

    uri: str
    path: str
    content: str
    parts: Mapping[int | None, Part]

    def cell_of(self, uri: str) -> int | None:
        """The cell of an address; None for the document itself."""
        return next((cell for cell, part in self.parts.items() if part.uri == uri), None)

    @property
    def is_notebook(self) -> bool:
        """Whether it has cells."""
        return None not in self.parts


def snapshot(workspace: Workspace, uri: str) -> Snapshot | None:
    """An open document, or the notebook that a cell belongs to, as it is now; None for what is not open."""
    notebook = workspace.get_notebook_document(notebook_uri=uri) or workspace.get_notebook_document(cell_uri=uri)
    if notebook is not None:
        return _of_notebook(workspace, notebook)
    text = workspace.text_documents.get(unquote(uri))
    return _of_text(workspace, text) if text is not None else None


def _of_text(workspace: Workspace, document: TextDocument) -> Snapshot:
    path = path_of(document.uri, workspace.root_path)
    if document.language_id and not path.endswith(SUFFIXES) and document.language_id not in _PYTHON:
        path += _ENDINGS.get(document.language_id, "")
    part = Part(document.uri, document.version, document.source)
    return Snapshot(document.uri, path, document.source, {None: part})


def _of_notebook(workspace: Workspace, notebook: types.NotebookDocument) -> Snapshot:
    cells: list[dict[str, object]] = []
    parts: dict[int | None, Part] = {}
    for number, cell in enumerate(notebook.cells, 1):
        document = workspace.text_documents.get(unquote(cell.document))
        is_python = document is not None and document.language_id in (*_PYTHON, None)
        if document is None or cell.kind is not types.NotebookCellKind.Code or not is_python:
            cells.append({"cell_type": "markdown", "metadata": {}, "source": ""})
            continue
        parts[number] = Part(document.uri, document.version, document.source)
        cells.append({"cell_type": "code", "metadata": {}, "outputs": [], "source": document.source})
    path = path_of(notebook.uri, workspace.root_path)
    if not path.endswith(".ipynb"):
        path += ".ipynb"
    content = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, ensure_ascii=False)
    return Snapshot(notebook.uri, path, content, parts)


def path_of(uri: str, root: str | None = None) -> str:
    """The file of an address; of a document that was never saved, a name in the root of the workspace."""
    path = to_fs_path(uri) if uri.startswith("file:") else None
    if path is not None:
        return path
    _, _, name, *_ = urlparse(uri)
    return os.path.join(root or os.getcwd(), os.path.basename(name) or "untitled")
