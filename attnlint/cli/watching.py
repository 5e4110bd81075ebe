"""What ``--watch`` does: the report of everything, again whenever a file changes."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.util import find_spec

import click

from attnlint.cli.checking import Checking
from attnlint.cli.progress import shown_progress
from attnlint.output import visible
from attnlint.sources.read import STDIN
from attnlint.watching import Memory, changes


def watch(checking: Checking) -> int:
    """Show the report, and show it again after changes. Only an interruption ends this."""
    if STDIN in checking.paths:
        raise click.UsageError("--watch watches files and folders; standard input does not change")
    if find_spec("watchfiles") is None:
        raise click.ClickException("--watch needs the package watchfiles: pip install 'attnlint[watch]'")
    memory, last = Memory(), None
    for config in changes(checking.paths, checking.config):
        with shown_progress(checking.hides_progress) as progress:
            report = memory.lint(checking.paths, config, progress)
        if memory.linted or last != (report.paths, report.problems):
            last = report.paths.copy(), report.problems.copy()
            if sys.stdout.isatty():
                click.clear()
            replace(checking, config=config).tell(report, endures=False)
            sys.stdout.flush()
            click.echo(visible(f"attnlint: watching {', '.join(checking.paths)}; Ctrl-C ends"), err=True)
    return 0
