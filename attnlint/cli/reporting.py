"""How ``attnlint check`` reports: the options for it, and what they do."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from attnlint.cli import FAILURE
from attnlint.diagnostics import Problem
from attnlint.output import Lines, View, formats, renderer, statistics, wants_color

if TYPE_CHECKING:
    from attnlint.runs import Report

_NEVER, _AUTO, _ALWAYS = "never", "auto", "always"


@dataclass(frozen=True)
class Reporting:
    """What a report looks like and where it goes."""

    output_format: str
    output_file: str | None
    report: tuple[tuple[str, str], ...]
    """Formats of further reports, each with its file."""
    statistics: bool
    exit_zero: bool
    quiet: bool
    color: str

    @property
    def writes(self) -> bool:
        """Whether a report is to go to a file."""
        return self.output_file is not None or bool(self.report)

    def check(self) -> None:
        """Raise an error that says so if the options do not go together, before the work is done."""
        if self.statistics and statistics(self.output_format) is None:
            able = ", ".join(name for name in formats() if statistics(name) is not None)
            raise click.UsageError(f"--statistics has no {self.output_format} form; choose --output-format from {able}")

    def put(self, report: Report, lines: Lines, err: bool = False) -> None:
        """Print the report, to standard error if ``err``, or write it to the file; ``lines`` are those of sources."""
        stream = sys.stderr if err else sys.stdout
        color = self._wants_color(self.output_file is None and wants_color(stream))
        render = (statistics if self.statistics else renderer)(self.output_format)
        assert render is not None
        texts = render(report, View(lines, color, self.quiet))
        for name, path in self.report:
            _write(path, "".join(renderer(name)(report, View(lines, self._wants_color(False), self.quiet))), report)
        if self.output_file is not None:
            _write(self.output_file, "".join(texts), report)
            return
        for text in texts:
            click.echo(text, nl=False, color=color, err=err)

    def status(self, report: Report, is_dirty: bool) -> int:
        """The exit status."""
        return FAILURE if report.problems else int(is_dirty and not self.exit_zero)

    def _wants_color(self, otherwise: bool) -> bool:
        return otherwise if self.color == _AUTO else self.color == _ALWAYS


def _write(path: str, text: str, report: Report) -> None:
    """Write the file; where the system refuses, that is a problem of the run like others."""
    from attnlint.atomic import replace

    try:
        replace(path, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        report.problems.append(Problem(path, None, f"cannot be written: {error.strerror or error}"))


def reporting_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options to a command, which gets them as one `Reporting`."""
    options = (
        click.option(
            "--output-format", type=click.Choice(formats()), default="full", show_default=True, help="How to report."
        ),
        click.option(
            "-o",
            "--output-file",
            metavar="FILE",
            callback=_checked,
            help="Write the report to FILE instead, - for the screen.",
        ),
        click.option(
            "--report",
            metavar="FORMAT=FILE",
            multiple=True,
            callback=_further,
            help="Write a further report, in that format, to FILE too.",
        ),
        click.option("--statistics", is_flag=True, help="Report how often each code was found, not where."),
        click.option("--exit-zero", is_flag=True, help="Exit with 0 even if there are findings."),
        click.option("-q", "--quiet", is_flag=True, help="Report findings alone: no summary, no progress."),
        click.option(
            "--color",
            type=click.Choice([_AUTO, _ALWAYS, _NEVER]),
            default=_AUTO,
            show_default=True,
            help="Colour: auto on a terminal, unless NO_COLOR is set.",
        ),
    )

    @wraps(command)
    def wrapper(**given: Any) -> int:
        reporting = Reporting(**{field.name: given.pop(field.name) for field in fields(Reporting)})
        reporting.check()
        return command(reporting=reporting, **given)

    for option in reversed(options):
        wrapper = option(wrapper)
    return wrapper


def _checked(context: click.Context, parameter: click.Parameter, path: str | None) -> str | None:
    """Refuse at once what cannot be written in the end."""
    if path is None or path == "-":
        return None
    folder = os.path.dirname(path) or os.curdir
    if os.path.isdir(path):
        raise click.BadParameter(f"{path!r} is a folder; name a file in it.", context, parameter)
    if not os.path.isdir(folder):
        raise click.BadParameter(f"there is no folder {folder!r} to write {path!r} in.", context, parameter)
    return path


def _further(context: click.Context, parameter: click.Parameter, given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The formats and files of further reports."""
    parted = [(name, path) for name, _, path in (one.partition("=") for one in given)]
    for name, path in parted:
        if name not in formats() or not path:
            raise click.BadParameter(
                f"FORMAT=FILE is meant, with a FORMAT of {', '.join(formats())}.", context, parameter
            )
        if _checked(context, parameter, path) is None:
            raise click.BadParameter("what goes to the screen is chosen by --output-format.", context, parameter)
    return tuple(parted)
