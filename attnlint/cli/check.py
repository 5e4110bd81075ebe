"""``attnlint check``: lint files and folders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from attnlint.cli import caching
from attnlint.cli.baselining import Baselining, CheckCommand, baseline_options
from attnlint.cli.checking import Checking
from attnlint.cli.configuring import configured
from attnlint.cli.progress import shown_progress
from attnlint.cli.reporting import Reporting, reporting_options
from attnlint.cli.stdin import check_stdin_filename, stdin_option
from attnlint.sources.read import STDIN

if TYPE_CHECKING:
    from attnlint.cli.fixing import Changing
    from attnlint.config import Configuration


def _one_line(context: click.Context, option: click.Parameter, text: str) -> str:
    if set(text) & set("#\r\n"):
        raise click.BadParameter("a reason is one line without #")
    return text


@click.command(cls=CheckCommand)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@configured
@reporting_options
@stdin_option
@click.option("--fix", is_flag=True, help="Make the safe fixes, and report what is left.")
@click.option("--add-ignore", is_flag=True, help="Write comments that silence what is found, instead of fixing it.")
@click.option("--reason", default="", metavar="TEXT", callback=_one_line, help="What these comments say after --.")
@click.option("--diff", "only_diff", is_flag=True, help="Print what would be changed, and write nothing.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Processes at most; by default, one for each core.")
@caching.no_cache_option
@click.option("--no-fold", is_flag=True, help="Report, and fix, copies of linted code by themselves.")
@click.option("--watch", "watched", is_flag=True, help="Report again whenever a file changes, until Ctrl-C.")
@baseline_options
def check(
    paths: Sequence[str],
    config: Configuration,
    reporting: Reporting,
    baselining: Baselining,
    fix: bool,
    unsafe_fixes: bool,
    add_ignore: bool,
    reason: str,
    only_diff: bool,
    show_fixes: bool,
    stdin_filename: str,
    jobs: int | None,
    cache_dir: str | None,
    no_cache: bool,
    no_fold: bool,
    watched: bool,
) -> int:
    """Report attention bugs in files, folders and standard input (-).

    Folders are searched for Python files (*.py, *.pyi), notebooks, Markdown and reStructuredText that git does not
    ignore. CODES are separated by commas: ATN1,ATN204. Options count before configuration files; "attnlint config KEY"
    explains them in full.

    Exit status: 0 nothing found, or all of it fixed; 1 findings; 2 something could not be checked or written (one line
    each on standard error). With --diff: 1 if there is something to fix.
    """
    check_stdin_filename(stdin_filename, paths)
    if add_ignore and fix:
        raise click.UsageError("--fix and --add-ignore exclude each other: fix first, then silence what is left")
    baselining.refuse(with_diff=only_diff, with_watch=watched)
    checking = Checking(paths, stdin_filename, config, reporting, baselining, baselining.baseline(), folds=not no_fold)
    if watched:
        return _watch(checking, is_changing=fix or add_ignore or only_diff)
    if fix or add_ignore or only_diff:
        from attnlint.cli.fixing import Changing

        spared, show = baselining.spared(checking.baseline), show_fixes
        quiet = reporting.quiet
        changing = Changing(unsafe_fixes, add_ignore, reason, only_diff, show, stdin_filename, no_fold, spared, quiet)
        return _change(checking, changing)
    return _lint(checking, jobs, cache_dir, no_cache)


def _lint(checking: Checking, jobs: int | None, cache_dir: str | None, no_cache: bool) -> int:
    from attnlint.runs import lint_paths

    cache = caching.chosen(cache_dir, no_cache)
    with shown_progress(checking.hides_progress) as progress:
        report = lint_paths(checking.paths, None, progress, checking.config, checking.stdin_filename, jobs, cache)
    if not no_cache:
        caching.say_why_nothing_is_kept(cache, cache_dir)
    return checking.tell(report)


def _change(checking: Checking, changing: Changing) -> int:
    if changing.only_diff and checking.reporting.writes:
        raise click.UsageError("--output-file and --report take a report, and --diff makes none: use > FILE")
    report = changing.run(checking.paths, checking.config, checking.hides_progress)
    if changing.only_diff:
        return checking.complain(report, any(fixed.made for fixed in report.fixed.values()))
    return checking.tell(report, err=STDIN in checking.paths)


def _watch(checking: Checking, is_changing: bool) -> int:
    from attnlint.cli.watching import watch

    if is_changing:
        raise click.UsageError("--watch does not go with --fix, --add-ignore and --diff: files are being edited")
    return watch(checking)
