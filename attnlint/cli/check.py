"""``attnlint check``: lint files and folders."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import click

from attnlint.cli import FAILURE, tolerating_closed_pipe
from attnlint.cli.configuring import configured, is_typed
from attnlint.diagnostics import Problem
from attnlint.output import View, renderer, visible, wants_color
from attnlint.sources.read import STDIN, read

if TYPE_CHECKING:
    from attnlint.cli.fixing import Changing
    from attnlint.config import Configuration
    from attnlint.linter import Report


def _one_line(context: click.Context, option: click.Parameter, text: str) -> str:
    if set(text) & set("#\r\n"):
        raise click.BadParameter("a reason is one line without #")
    return text


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@configured
@click.option("--add-ignore", is_flag=True, help="Write comments that silence what is found, instead of fixing it.")
@click.option("--reason", default="", metavar="TEXT", callback=_one_line, help="What these comments say after --.")
@click.option("--diff", "only_diff", is_flag=True, help="Print what would be changed, and write nothing.")
def check(
    paths: Sequence[str],
    config: Configuration,
    output_format: str,
    fix: bool,
    unsafe_fixes: bool,
    add_ignore: bool,
    reason: str,
    only_diff: bool,
    show_fixes: bool,
) -> int:
    """Report attention bugs in files, folders and standard input (-).

    Folders are searched for *.py files that git does not ignore. CODES are separated by commas: ATN1,ATN204. Options
    count before configuration files; "attnlint config KEY" explains them in full.

    Exit status: 0 nothing found, or all of it fixed; 1 findings; 2 something could not be checked or written (one line
    each on standard error). With --diff: 1 if there is something to fix.
    """
    if add_ignore and fix and is_typed("fix"):
        raise click.UsageError("--fix and --add-ignore exclude each other: fix first, then silence what is left")
    if fix or add_ignore or only_diff:
        from attnlint.cli.fixing import Changing

        return _change(Changing(unsafe_fixes, add_ignore, reason, only_diff, show_fixes), paths, config, output_format)

    from attnlint.linter import lint_paths

    report = lint_paths(paths, config=config)
    with tolerating_closed_pipe():
        _print(report, output_format)
    _complain(report)
    return FAILURE if report.problems else int(bool(report.diagnostics))


def _change(changing: Changing, paths: Sequence[str], config: Configuration, output_format: str) -> int:
    report = changing.run(paths, config)
    if not changing.only_diff:
        _source_lines.cache_clear()
        with tolerating_closed_pipe():
            _print(report, output_format, err=STDIN in paths)
    _complain(report)
    is_dirty = any(fixed.made for fixed in report.fixed.values()) if changing.only_diff else bool(report.diagnostics)
    return FAILURE if report.problems else int(is_dirty)


def _print(report: Report, output_format: str, err: bool = False) -> None:
    color = wants_color(sys.stderr if err else sys.stdout)
    for text in renderer(output_format)(report, View(_source_lines, color)):
        click.echo(text, nl=False, color=color, err=err)


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
