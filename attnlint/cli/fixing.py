"""What the options that change files do: ``--fix``, ``--add-ignore``, and what is told of it."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import click

from attnlint.cli import tolerating_closed_pipe
from attnlint.cli.progress import shown_progress
from attnlint.cli.telling import complain
from attnlint.config import Configuration
from attnlint.diagnostics import Diagnostic, Tier, placed
from attnlint.fixes import FixReport, change_paths, fix_paths, ignore_source, write
from attnlint.fixes.diff import Naming, diff, encoding_of
from attnlint.fixes.fixer import Wanted
from attnlint.output import visible
from attnlint.sources.read import STDIN, hold_as_stdin
from attnlint.wording import counted

_VERBS = {
    (False, False): "Fixed",
    (False, True): "Would fix",
    (True, False): "Silenced",
    (True, True): "Would silence",
}
"""What is told to have been done, by whether comments are written and whether nothing is."""


@dataclass(frozen=True)
class Changing:
    """What is to be done: fixes, or comments that silence findings instead."""

    unsafe: bool = False
    """Whether unsafe fixes are wanted too."""
    add_ignore: bool = False
    reason: str = ""
    """What the comments say after ``--``."""
    only_diff: bool = False
    show: bool = False
    stdin_filename: str = STDIN
    copies: bool = False
    """Whether copies of linted code are fixed by themselves."""
    spared: Wanted | None = None
    """Says what is known and left as it is."""
    quiet: bool = False
    """Whether only what is asked for is told."""

    def run(self, paths: Sequence[str], config: Configuration, hides_progress: bool) -> FixReport:
        """Change what is to be changed, and print what is asked for: diffs, or what was done. A source from standard
        input goes to standard output."""
        put, name = None if self.only_diff else partial(self._put, paths), self.stdin_filename
        with shown_progress(hides_progress) as progress:
            if self.add_ignore:
                change = partial(ignore_source, reason=self.reason, config=config, wanted=self._wants)
                report = change_paths(paths, change, put, progress, config, name)
            else:
                report = fix_paths(paths, None, self._wants, put, progress, config, name, self.copies)
        with tolerating_closed_pipe():
            if self.only_diff:
                for path, fixed in report.fixed.items():
                    encoding = encoding_of(path, fixed)
                    for line in diff(path, fixed):
                        _print_line(line, encoding)
        if self.show or (not self.quiet and (self.only_diff or self.add_ignore)):
            complain("\n".join(self._told(report)))
        for path, originals in report.stale.items() if not self.quiet else ():
            what = "would be fixed" if self.only_diff else "was fixed"
            line = f"attnlint: {path} has copies of what {what} in {', '.join(originals)}: regenerate it"
            complain(visible(line))
        return report

    def _wants(self, diagnostic: Diagnostic) -> bool:
        tiers = {Tier.SAFE, Tier.UNSAFE} if self.unsafe else {Tier.SAFE}
        return not self._is_known(diagnostic) and (self.add_ignore or _tier(diagnostic) in tiers)

    def _spares(self, diagnostic: Diagnostic) -> bool:
        """Whether a finding is left as it is only because its fix is unsafe."""
        return not self._is_known(diagnostic) and _tier(diagnostic) is Tier.UNSAFE

    def _is_known(self, diagnostic: Diagnostic) -> bool:
        return self.spared is not None and self.spared(diagnostic)

    def _put(self, paths: Sequence[str], path: str, data: bytes, before: bytes) -> None:
        if path == self.stdin_filename:
            sys.stdout.buffer.write(data)
            hold_as_stdin(data)
        else:
            write(path, data, before, [one for one in paths if one != STDIN])

    def _told(self, report: FixReport) -> Iterator[str]:
        made = sum(len(fixed.made) for fixed in report.fixed.values())
        files = sum(bool(fixed.made) for fixed in report.fixed.values())
        verb = _VERBS[self.add_ignore, self.only_diff]
        yield f"{verb} {counted(made, 'finding')} in {counted(files, 'file')}"
        for path, fixed in report.fixed.items():
            if fixed.made:
                yield visible(f"  {path}: {_listed(fixed.made)}")
            for refusal in fixed.refused:
                place = f"{placed(path, refusal.diagnostic.cell)}:{refusal.diagnostic.span.line}"
                yield visible(f"  {place}: {refusal.diagnostic.code} was left as it is: {refusal.reason}")
        left = [] if self.add_ignore or self.unsafe else [each for each in report.diagnostics if self._spares(each)]
        if left:
            yield f"  unsafe, made with --unsafe-fixes alone: {_listed(left)}"


def _tier(diagnostic: Diagnostic) -> Tier | None:
    """The tier of the fix that can be made; None where there is none."""
    return diagnostic.fix.tier if diagnostic.fix is not None and diagnostic.fix.edits else None


def _listed(diagnostics: Iterable[Diagnostic]) -> str:
    """How many of which code."""
    counts = Counter((diagnostic.code, diagnostic.name) for diagnostic in diagnostics)
    return ", ".join(f"{number} × {code} {name}" for (code, name), number in sorted(counts.items()))


def _print_line(line: str, encoding: str) -> None:
    """A line of a diff: harmless on a terminal, elsewhere byte for byte, so that it can be applied."""
    if sys.stdout.isatty():
        click.echo("\t".join(map(visible, line.rstrip("\r\n").split("\t"))))
    else:
        sys.stdout.flush()
        data = os.fsencode(line) if isinstance(line, Naming) else line.encode(encoding, "surrogateescape")
        sys.stdout.buffer.write(data)
