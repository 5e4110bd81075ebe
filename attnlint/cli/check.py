"""``attnlint check``: lint files and folders."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING

import click

from attnlint.cli import FAILURE, tolerating_closed_pipe
from attnlint.cli.baselining import Baselining, CheckCommand, baseline_options
from attnlint.cli.selection import choose
from attnlint.diagnostics import Problem
from attnlint.output import View, formats, renderer, visible, wants_color
from attnlint.sources.read import STDIN, read

if TYPE_CHECKING:
    from attnlint.fixes import FixReport
    from attnlint.linter import Report


@click.command(cls=CheckCommand)
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
@click.option("--no-fold", is_flag=True, help="Report, and fix, copies of linted code by themselves.")
@click.option("--watch", "watched", is_flag=True, help="Report again whenever a file changes, until Ctrl-C.")
@baseline_options
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
    no_fold: bool,
    watched: bool,
    baselining: Baselining,
) -> int:
    """Report attention bugs in files, folders and standard input (-).

    Folders are searched for *.py files that git does not ignore. CODES are separated by commas: ATN1,ATN204.

    Exit status: 0 nothing found, or all of it fixed; 1 findings; 2 something could not be checked or written (one line
    each on standard error). With --diff: 1 if there is something to fix.
    """
    rules = choose(selected, ignored, preview)
    baselining.refuse(with_diff=only_diff, with_watch=watched)
    baseline = baselining.baseline()

    def show(report: Report, err: bool = False) -> int:
        baselining.settle(baseline, report, paths, rules)
        if not no_fold and any(each.content.origins for each in report.diagnostics):
            from attnlint.folding import fold

            report.diagnostics = fold(report.diagnostics)
        with nullcontext() if watched else tolerating_closed_pipe():
            _print(report, output_format, err)
        _complain(report)
        return FAILURE if report.problems else int(bool(report.diagnostics))

    if watched:
        from attnlint.cli.watching import watch

        return watch(paths, rules, show, is_fixing=fix or only_diff)
    if fix or only_diff:
        from attnlint.cli.fixing import Fixing

        spared = baselining.spared(baseline)
        fixed = Fixing(unsafe_fixes, only_diff, show_fixes, spared, copies=no_fold).run(paths, rules)
        return _told_only(fixed) if only_diff else show(fixed, err=STDIN in paths)

    from attnlint.linter import lint_paths

    return show(lint_paths(paths, rules))


def _told_only(report: FixReport) -> int:
    """After the diffs: what could not be read, and whether there is something to fix."""
    _complain(report)
    return FAILURE if report.problems else int(any(fixed.made for fixed in report.fixed.values()))


def _print(report: Report, output_format: str, err: bool = False) -> None:
    _source_lines.cache_clear()
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
