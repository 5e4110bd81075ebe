"""What ``--watch`` does: the report of everything, again whenever a file changes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec

import click

from attnlint.linter import Report
from attnlint.output import visible
from attnlint.rule import Rule
from attnlint.sources.read import STDIN
from attnlint.watching import Memory, changes


def watch(
    paths: Sequence[str], rules: Sequence[type[Rule]], show: Callable[[Report], object], *, is_fixing: bool
) -> int:
    """Show the report, and show it again after changes. Only an interruption ends this."""
    if is_fixing:
        raise click.UsageError("--watch does not go with --fix and --diff: fixes would be made in files being edited")
    if STDIN in paths:
        raise click.UsageError("--watch watches files and folders; standard input does not change")
    if find_spec("watchfiles") is None:
        raise click.ClickException("--watch needs the package watchfiles: pip install 'attnlint[watch]'")
    memory, last = Memory(rules), None
    for _ in changes(paths):
        report = memory.lint(paths)
        if memory.linted or last != (report.paths, report.problems):
            last = report.paths.copy(), report.problems.copy()
            if sys.stdout.isatty():
                click.clear()
            show(report)
            sys.stdout.flush()
            click.echo(visible(f"attnlint: watching {', '.join(paths)}; Ctrl-C ends"), err=True)
    return 0
