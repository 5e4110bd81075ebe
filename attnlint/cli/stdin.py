"""What standard input is called (``--stdin-filename``), and the lines of a source under the name it is reported by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import click

from attnlint.diagnostics import Problem
from attnlint.sources.read import STDIN, read

stdin_option = click.option(
    "--stdin-filename",
    metavar="NAME",
    default=STDIN,
    help="The file that standard input (-) stands for: its name is reported, its settings and kind hold.",
)
"""The option, whose value is ``-`` where it is not given."""


def check_stdin_filename(name: str, paths: Sequence[str]) -> None:
    """Raise a usage error for a name of standard input where that is not read."""
    if name != STDIN and STDIN not in paths:
        raise click.UsageError("--stdin-filename names standard input: give - as the path")


def source_lines(stdin_filename: str, path: str, cell: int | None) -> Sequence[str]:
    """The lines that frames are drawn from; none where the source cannot be read again."""
    return _parts(STDIN if path == stdin_filename else path, path).get(cell, ())


@lru_cache(maxsize=8)
def _parts(place: str, path: str) -> Mapping[int | None, Sequence[str]]:
    from attnlint.documents import open_document
    from attnlint.syntax.text import SourceError

    data = read(place)
    if isinstance(data, Problem):
        return {}
    try:
        return open_document(path, data).parts
    except SourceError:
        return {}


def forget_sources() -> None:
    """Read sources again when their lines are asked for next: they may have been written."""
    _parts.cache_clear()
