"""``attnlint check``: lint files and folders."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import click

from attnlint.cli.configuring import configured, is_typed
from attnlint.cli.progress import shown_progress
from attnlint.cli.reporting import Reporting, reporting_options
from attnlint.diagnostics import Problem
from attnlint.output import shown, visible
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
@reporting_options
@click.option("--add-ignore", is_flag=True, help="Write comments that silence what is found, instead of fixing it.")
@click.option("--reason", default="", metavar="TEXT", callback=_one_line, help="What these comments say after --.")
@click.option("--diff", "only_diff", is_flag=True, help="Print what would be changed, and write nothing.")
def check(
    paths: Sequence[str],
    config: Configuration,
    reporting: Reporting,
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

        return _change(Changing(unsafe_fixes, add_ignore, reason, only_diff, show_fixes), paths, config, reporting)

    from attnlint.linter import lint_paths

    with shown_progress(reporting.quiet or STDIN in paths) as progress:
        report = lint_paths(paths, progress=progress, config=config)
    reporting.put(report, _source_lines)
    _complain(report, reporting.quiet)
    return reporting.status(report, bool(report.diagnostics))


def _change(changing: Changing, paths: Sequence[str], config: Configuration, reporting: Reporting) -> int:
    if changing.only_diff and reporting.output_file is not None:
        raise click.UsageError("--output-file takes a report, and --diff makes none: use > FILE")
    report = changing.run(paths, config, reporting.quiet)
    if not changing.only_diff:
        _source_lines.cache_clear()
        reporting.put(report, _source_lines, err=STDIN in paths)
    _complain(report, reporting.quiet)
    is_dirty = any(fixed.made for fixed in report.fixed.values()) if changing.only_diff else bool(report.diagnostics)
    return reporting.status(report, is_dirty)


def _complain(report: Report, quiet: bool) -> None:
    for problem in report.problems:
        place = shown(problem.path) if problem.line is None else f"{shown(problem.path)}:{problem.line}"
        click.echo(f"{place}: {visible(problem.reason)}", err=True)
    if not report.files and not report.problems and not quiet:
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
