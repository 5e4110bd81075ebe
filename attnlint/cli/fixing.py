"""What the options for fixes do: ``--fix``, ``--unsafe-fixes``, ``--diff``, ``--show-fixes``."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import click

from attnlint.cli import tolerating_closed_pipe
from attnlint.diagnostics import Diagnostic, Tier
from attnlint.fixes import FixReport, fix_paths, write
from attnlint.fixes.diff import diff
from attnlint.output import visible
from attnlint.rule import Rule
from attnlint.sources.read import STDIN


@dataclass(frozen=True)
class Fixing:
    """What is to be done."""

    unsafe: bool
    only_diff: bool
    show: bool
    spared: Callable[[Diagnostic], bool] | None = None
    """Says what is known and left as it is."""
    copies: bool = False
    """Whether copies of linted code are fixed by themselves."""

    def run(self, paths: Sequence[str], rules: Sequence[type[Rule]]) -> FixReport:
        """Fix what is to be fixed, and print what is asked for: diffs, or what was done. A source from standard input
        goes to standard output."""
        report = fix_paths(paths, rules, self._wants, None if self.only_diff else _put, self.copies)
        with tolerating_closed_pipe():
            if self.only_diff:
                for path, fixed in report.fixed.items():
                    for line in diff(path, fixed):
                        click.echo(visible(line.rstrip("\r\n")))
        if self.show or self.only_diff:
            click.echo("\n".join(_told(report, self.only_diff)), err=True)
        for path, originals in report.stale.items():
            what = "would be fixed" if self.only_diff else "was fixed"
            line = f"attnlint: {path} has copies of what {what} in {', '.join(originals)}: regenerate it"
            click.echo(visible(line), err=True)
        return report

    def _wants(self, diagnostic: Diagnostic) -> bool:
        tiers = (Tier.SAFE, Tier.UNSAFE) if self.unsafe else (Tier.SAFE,)
        is_made = diagnostic.fix is not None and diagnostic.fix.edits and diagnostic.fix.tier in tiers
        return bool(is_made) and not (self.spared is not None and self.spared(diagnostic))


def _put(path: str, data: bytes) -> None:
    if path == STDIN:
        sys.stdout.buffer.write(data)
    else:
        write(path, data)


def _told(report: FixReport, only_diff: bool) -> Iterator[str]:
    made = sum(len(fixed.made) for fixed in report.fixed.values())
    files = sum(bool(fixed.made) for fixed in report.fixed.values())
    verb = "Would fix" if only_diff else "Fixed"
    yield f"{verb} {made} finding{'' if made == 1 else 's'} in {files} file{'' if files == 1 else 's'}"
    for path, fixed in report.fixed.items():
        counts = Counter((diagnostic.code, diagnostic.name) for diagnostic in fixed.made)
        if counts:
            listed = ", ".join(f"{number} × {code} {name}" for (code, name), number in sorted(counts.items()))
            yield visible(f"  {path}: {listed}")
        for refusal in fixed.refused:
            place = f"{path}:{refusal.diagnostic.span.line}"
            yield visible(f"  {place}: {refusal.diagnostic.code} was left as it is: {refusal.reason}")
