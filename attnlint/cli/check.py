"""``attnlint check``: lint files and folders."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from attnlint.cli import FAILURE, tolerating_closed_pipe
from attnlint.cli.selection import choose
from attnlint.cli.stdin import check_stdin_filename, forget_sources, source_lines, stdin_option
from attnlint.output import View, formats, renderer, visible, wants_color
from attnlint.sources.read import STDIN

if TYPE_CHECKING:
    from attnlint.cli.fixing import Fixing
    from attnlint.linter import Report
    from attnlint.rule import Rule


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--select", "selected", multiple=True, metavar="CODES", help="Report these alone: codes, their prefixes, names."
)
@click.option("--ignore", "ignored", multiple=True, metavar="CODES", help="Do not report these.")
@click.option("--output-format", type=click.Choice(formats()), default="full", show_default=True, help="How to print.")
@click.option("--preview", is_flag=True, help="Report new rules too, which may still change.")
@click.option("--fix", is_flag=True, help="Make the safe fixes, and report what is left.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: the unsafe ones too, which change numbers.")
@click.option("--diff", "only_diff", is_flag=True, help="Print what fixes would change, and write nothing.")
@click.option("--show-fixes", is_flag=True, help="List the fixes that were made, and those that were not.")
@stdin_option
def check(
    paths: Sequence[str],
    selected: Sequence[str],
    ignored: Sequence[str],
    output_format: str,
    preview: bool,
    fix: bool,
    unsafe_fixes: bool,
    only_diff: bool,
    show_fixes: bool,
    stdin_filename: str,
) -> int:
    """Report attention bugs in files, folders and standard input (-).

    Folders are searched for Python files (*.py, *.pyi), notebooks, Markdown and reStructuredText that git does not
    ignore. CODES are separated by commas: ATN1,ATN204.

    Exit status: 0 nothing found, or all of it fixed; 1 findings; 2 something could not be checked or written (one line
    each on standard error). With --diff: 1 if there is something to fix.
    """
    check_stdin_filename(stdin_filename, paths)
    rules = choose(selected, ignored, preview)
    if fix or only_diff:
        from attnlint.cli.fixing import Fixing

        return _fix(Fixing(unsafe_fixes, only_diff, show_fixes, stdin_filename), paths, rules, output_format)

    from attnlint.linter import lint_paths

    report = lint_paths(paths, rules, stdin_filename)
    with tolerating_closed_pipe():
        _print(report, output_format, stdin_filename)
    _complain(report)
    return FAILURE if report.problems else int(bool(report.diagnostics))


def _fix(fixing: Fixing, paths: Sequence[str], rules: Sequence[type[Rule]], output_format: str) -> int:
    report = fixing.run(paths, rules)
    if not fixing.only_diff:
        forget_sources()
        with tolerating_closed_pipe():
            _print(report, output_format, fixing.stdin_filename, err=STDIN in paths)
    _complain(report)
    is_dirty = any(fixed.made for fixed in report.fixed.values()) if fixing.only_diff else bool(report.diagnostics)
    return FAILURE if report.problems else int(is_dirty)


def _print(report: Report, output_format: str, stdin_filename: str, err: bool = False) -> None:
    color = wants_color(sys.stderr if err else sys.stdout)
    for text in renderer(output_format)(report, View(partial(source_lines, stdin_filename), color)):
        click.echo(text, nl=False, color=color, err=err)


def _complain(report: Report) -> None:
    for problem in report.problems:
        place = problem.path if problem.line is None else f"{problem.path}:{problem.line}"
        click.echo(visible(f"{place}: {problem.reason}"), err=True)
    if not report.files and not report.problems:
        click.echo("attnlint: no files to check found", err=True)
