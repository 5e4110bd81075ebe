"""Where Python lives: files of it, and documents that hold pieces of it.

A `Document` is one file, its Python as one virtual source, and the way back to the places and bytes of the file. The
end of the name decides what kind it is; each kind is a module of its own, imported when a file of the kind is read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from attnlint.documents.base import Document

_KINDS: Mapping[str, str] = {
    ".py": "python",
    ".pyi": "python",
    ".ipynb": "notebook",
    ".markdown": "markdown",
    ".md": "markdown",
    ".mdx": "markdown",
    ".qmd": "markdown",
    ".Rmd": "markdown",
    ".rst": "rst",
}
"""The module of this package that reads documents of that name's end."""

SUFFIXES = tuple(_KINDS)
"""How the names of files end that folders are searched for."""

_MODULES = {suffix.lower(): module for suffix, module in _KINDS.items()}


def open_document(path: str, content: bytes | str) -> Document:
    """The document of that name and content; what is no document of any known kind is Python. Of content that is text
    already, what it says of its encoding means nothing."""
    module = _MODULES.get(os.path.splitext(path)[1].lower(), "python")
    return cast("Document", import_module(f"{__name__}.{module}").document(path, content))
