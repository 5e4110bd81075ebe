"""What ``--watch`` does: the report of everything, again whenever a file changes."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from attnlint.cli.checking import Checking
from attnlint.cli.progress import shown_progress
from attnlint.cli.telling import complain
from attnlint.output import visible
from attnlint.sources.read import STDIN
from attnlint.watching import Memory, changes

if TYPE_CHECKING:
    from attnlint.baseline import Baseline
    from attnlint.cli.baselining import Baselining
    from attnlint.config import Configuration


def watch(checking: Checking) -> int:
    """Show the report, and show it again after changes. Only an interruption ends this."""
    if STDIN in checking.paths:
        raise click.UsageError("--watch watches files and folders; standard input does not change")
    if find_spec("watchfiles") is None:
        raise click.ClickException("--watch needs the package watchfiles: pip install 'attnlint[watch]'")
    memory, last, baseline = Memory(), None, checking.baseline
    for config in changes(checking.paths, checking.config, partial(_content, checking)):
        with shown_progress(checking.hides_progress) as progress:
            report = memory.lint(checking.paths, config, progress)
        seen = report.paths.copy(), report.problems.copy(), _content(checking, config)
        if memory.linted or last != seen:
            last = seen
            if sys.stdout.isatty():
                click.clear()
            baselining = _baselining(checking, config)
            baseline = _read(baselining, baseline)
            replace(checking, config=config, baselining=baselining, baseline=baseline).tell(report, endures=False)
            sys.stdout.flush()
            complain(visible(f"attnlint: watching {', '.join(checking.paths)}; Ctrl-C ends"))
    return 0


def _baselining(checking: Checking, config: Configuration) -> Baselining:
    """What was asked for, with the file that the settings name now."""
    return replace(checking.baselining, file=config.of_run().baseline)


def _content(checking: Checking, config: Configuration) -> bytes | None:
    return _baselining(checking, config).content()


def _read(baselining: Baselining, before: Baseline | None) -> Baseline | None:
    """The baseline as it is now; while it cannot be used, as while it is being written, the one before."""
    try:
        return baselining.baseline()
    except click.ClickException as error:
        complain(f"attnlint: {error.format_message()}")
        return before
