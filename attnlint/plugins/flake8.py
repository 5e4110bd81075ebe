"""flake8 reports what this linter finds: ``flake8 --select ATN``.

flake8 decides what is reported, by its own options and by ``# noqa``. A rule that is off by default runs where flake8
selects it: by its code, or by a prefix that says more than ``ATN``, which names the plugin as a whole.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator, Sequence
from typing import ClassVar

from attnlint import __version__
from attnlint.failures import Failures, told
from attnlint.linter import lint_source
from attnlint.rule import Rule, discover
from attnlint.syntax.text import SourceError

PREFIX = "ATN"
"""What the entry point is called: flake8 takes it for the beginning of all codes."""
FAILED = "ATN000"
"""No rule's code: one raised, or this linter cannot read what flake8 can."""

Violation = tuple[int, int, str, type["Checker"]]


class Checker:
    """flake8 makes one for each file, and runs it."""

    name: ClassVar[str] = "attnlint"
    version: ClassVar[str] = __version__
    rules: ClassVar[Sequence[type[Rule]] | None] = None
    """Those that flake8's options ask for; None before they were read."""

    def __init__(self, tree: ast.Module, filename: str, lines: list[str]) -> None:
        """``tree`` tells flake8 that a checker wants whole files; the text is in ``lines``, standard input's too."""
        self._filename = filename
        self._text = "".join(lines)

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """flake8 calls this once in each process, before any file."""
        chosen = [*(options.select or ()), *(options.extend_select or ())]
        named = tuple(code for code in chosen if code != PREFIX)
        cls.rules = [
            rule
            for rule in discover().values()
            if not rule.preview and (rule.on_by_default or rule.code.startswith(named))
        ]

    def run(self) -> Iterator[Violation]:
        """Lines from 1, columns from 0, the code at the beginning of the text."""
        failures = Failures()
        try:
            for found in lint_source(self._text, self._filename, self.rules, failures, noqa=False):
                yield found.span.line, found.span.column - 1, f"{found.code} {found.message}", type(self)
        except SourceError as error:
            yield self._failed(error.reason, error.line or 1)
        except Exception as error:
            yield self._failed(told("the analysis", error))
        for reason in failures.told():
            yield self._failed(reason)

    def _failed(self, reason: str, line: int = 1) -> Violation:
        return line, 0, f"{FAILED} {reason}", type(self)
