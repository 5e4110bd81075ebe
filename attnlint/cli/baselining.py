"""What the options for baselines do: ``--baseline``, ``--write-baseline``, ``--no-baseline``, ``--show-gone``."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

import click

from attnlint.cli.telling import complain
from attnlint.output import visible
from attnlint.sources.read import contents
from attnlint.wording import counted

if TYPE_CHECKING:
    from attnlint.baseline import Baseline, Known
    from attnlint.config import Configuration
    from attnlint.diagnostics import Diagnostic
    from attnlint.runs import Report

R = TypeVar("R")

_WRITE = "--write-baseline"


class CheckCommand(click.Command):
    """A command whose option ``--write-baseline`` may be followed by a file that ends in ``.json``, or by none."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Tell the file of ``--write-baseline FILE PATH`` from the path of ``--write-baseline PATH``."""
        options = args[: args.index("--")] if "--" in args else args
        for index, argument in enumerate(options):
            if argument == _WRITE and not "".join(options[index + 1 : index + 2]).endswith(".json"):
                args = [*args[:index], f"{_WRITE}=", *args[index + 1 :]]
        return super().parse_args(ctx, args)


@dataclass(frozen=True)
class Baselining:
    """What was asked for."""

    file: str | None = None
    """The file to read: the one that is typed, or that of the settings."""
    written: str | None = None
    """The file to write, empty for the one that is read or has the usual name; None to write nothing."""
    off: bool = False
    show_gone: bool = False

    @property
    def writes(self) -> bool:
        """Whether the findings are to be recorded."""
        return self.written is not None

    def refuse(self, *, with_diff: bool, with_watch: bool) -> None:
        """Refuse what cannot be done together."""
        if self.writes and (with_diff or with_watch):
            raise click.UsageError(f"{_WRITE} records a run; it does not go with --diff and --watch")

    def baseline(self) -> Baseline | None:
        """The baseline to compare with; to be read before anything is linted."""
        if not self.writes and (self.off or not self.file):
            return None
        from attnlint.baseline import DEFAULT, Baseline, BaselineError
        from attnlint.config.places import shown

        file = shown(self.written or self.file or DEFAULT)
        if self.writes and not self.written and os.path.islink(file):
            reason = f"is a link, which {_WRITE} follows only where its name is given: {_WRITE}={file}"
            raise click.ClickException(visible(f"{file}: {reason}"))
        try:
            return Baseline.read_or_new(file) if self.writes else Baseline.read(file)
        except BaselineError as error:
            raise click.ClickException(visible(str(error))) from None

    def content(self) -> bytes | None:
        """What the file to read holds now, to tell whether it changed; None where there is none."""
        if self.off or not self.file:
            return None
        try:
            return contents(self.file)
        except (OSError, ValueError):
            return None

    def spared(self, baseline: Baseline | None) -> Callable[[Diagnostic], bool] | None:
        """What says which findings are not to be fixed, where there are such."""
        return None if baseline is None or self.off else baseline.covers()

    def settle(
        self, baseline: Baseline | None, report: Report, paths: Sequence[str], config: Configuration, quiet: bool
    ) -> None:
        """Take what is known out of the report and, unless ``quiet``, say what is gone; or write down all of it."""
        if baseline is None:
            return
        compared = baseline.compare(report, paths, config=config)
        if self.writes:
            _write(baseline.updated(report.diagnostics, compared.unseen), quiet)
            report.baselined, report.diagnostics = len(report.diagnostics), []
            return
        report.baselined, report.diagnostics = len(compared.known), compared.new
        for line in _gone(baseline, compared.gone, self.show_gone, quiet):
            complain(visible(line))


def baseline_options(command: Callable[..., R]) -> Callable[..., R]:
    """The options of baselines, handed to the command as one `Baselining`. `attnlint.cli.configuring.configured` stands
    above it, and gives ``--baseline`` the value of the setting of that name."""

    @click.option("--baseline", metavar="FILE", help="Report what this baseline does not hold.")
    @click.option(
        _WRITE,
        "written",
        metavar="[FILE]",
        help="Record what is found in FILE (*.json), by default the baseline or attnlint-baseline.json.",
    )
    @click.option("--no-baseline", is_flag=True, help="Report, and fix, what the baseline holds too.")
    @click.option("--show-gone", is_flag=True, help="List the entries of the baseline that are found no more.")
    @wraps(command)
    def with_baselining(
        *args: object, baseline: str | None, written: str | None, no_baseline: bool, show_gone: bool, **more: object
    ) -> R:
        return command(*args, baselining=Baselining(baseline, written, no_baseline, show_gone), **more)

    return with_baselining


def _write(baseline: Baseline, quiet: bool) -> None:
    from attnlint.atomic import replace

    try:
        replace(baseline.file, baseline.text().encode())
    except OSError as error:
        raise click.ClickException(visible(f"{baseline.file}: cannot be written: {error.strerror or error}")) from None
    found, files = counted(baseline.entries.total(), "finding"), len({known.path for known in baseline.entries})
    if not quiet:
        complain(visible(f"attnlint: {baseline.file} holds {found} in {counted(files, 'file')} now"))


def _gone(baseline: Baseline, gone: Counter[Known], listed: bool, quiet: bool) -> Iterator[str]:
    if gone and not quiet:
        is_one = gone.total() == 1
        what = f"{counted(gone.total(), 'finding')} of {baseline.file} {'is' if is_one else 'are'} gone"
        how = "" if listed else "; --show-gone lists them"
        yield f"attnlint: {what}, {_WRITE} takes {'it' if is_one else 'them'} out{how}"
    if listed:
        kinds = Counter[tuple[str, str]]()
        for known, number in gone.items():
            kinds[known.path, known.code] += number
        yield from (f"  {path}: {number} × {code}" for (path, code), number in sorted(kinds.items()))
