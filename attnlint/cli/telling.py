"""What is said on standard error. Where nobody can read that any more, it is said to nobody, and the run goes on."""

from __future__ import annotations

import os
import sys
from typing import TextIO

import click


def complain(line: str) -> None:
    """Say a line that is made for a terminal already."""
    try:
        click.echo(line, err=True)
    except OSError:
        to_nobody(sys.stderr)


def refuse(error: click.ClickException) -> None:
    """Say what is wrong with what was typed, which may be names of files that a shell put there."""
    from attnlint.output import visible

    if not isinstance(error, click.exceptions.NoArgsIsHelpError):  # which says the help, many lines of our own
        vars(error)["message"] = visible(error.message)
    try:
        error.show()
    except OSError:
        to_nobody(sys.stderr)


def to_nobody(stream: TextIO) -> None:
    """Have what is printed to a stream from now on, and what it holds back still, read by nobody."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
