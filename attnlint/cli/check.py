"""``attnlint check``: lint files and folders."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import click

from attnlint.cli import FAILURE, tolerating_closed_pipe
from attnlint.cli.selection import choose
from attnlint.diagnostics import Problem
from attnlint.output import View, formats, renderer, visible, wants_color
from attnlint.sources.read import read

if TYPE_CHECKING:
    from attnlint.linter import Report


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--select", "selected", multiple=True, metavar="CODES", help="Report these alone: codes, their prefixes, names."
)
@click.option("--ignore", "ignored", multiple=True, metavar="CODES", help="Do not report these.")
@click.option("--output-format", type=click.Choice(formats()), default="full", show_default=True, help="How to print.")
@click.option("--preview", is_flag=True, help="Report new rules too, which may still change.")
def check(
    paths: Sequence[str], selected: Sequence[str], ignored: Sequence[str], output_format: str, preview: bool
) -> int:
    """Report attention bugs in files, folders and standard input (-).

    Folders are searched for *.py files that git does not ignore. CODES are separated by commas: ATN1,ATN204.

    Exit status: 0 nothing found, 1 findings, 2 something could not be checked (one line each on standard error).
    """
    rules = choose(selected, ignored, preview)

    from attnlint.linter import lint_paths

    report = lint_paths(paths, rules)
    with tolerating_closed_pipe():
        _print(report, output_format)
    _complain(report)
    return FAILURE if report.problems else int(bool(report.diagnostics))


def _print(report: Report, output_format: str) -> None:
    color = wants_color(sys.stdout)
    for text in renderer(output_format)(report, View(_source_lines, color)):
        click.echo(text, nl=False, color=color)


def _complain(report: Report) -> None:
    for problem in report.problems:
        place = problem.path if problem.line is None else f"{problem.path}:{problem.line}"
        click.echo(visible(f"{place}: {problem.reason}"), err=True)
    if not report.files and not report.problems:
        click.echo("attnlint: no Python files found", err=True)


@lru_cache(maxsize=8)
def _source_lines(path: str) -> Sequence[str]:
    """The lines that frames are drawn from; none where the source cannot be read again."""
    from attnlint.syntax.text import SourceError, SourceText

    data = read(path)
    if isinstance(data, Problem):
        return ()
    try:
        return SourceText.from_bytes(path, data).lines
    except SourceError:
        return ()
