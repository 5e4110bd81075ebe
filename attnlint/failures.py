"""Rules that raise: a bug of theirs, which must hide neither what other rules find nor other files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten
from traceback import extract_tb
from typing import TYPE_CHECKING

from attnlint.time_limit import check

if TYPE_CHECKING:
    from attnlint.findings import Finding
    from attnlint.rule import Rule

OURS = "attnlint"
_MAX_LENGTH = 300
"""Characters of an error that are told: a line that fits on a screen."""


class RuleError(Exception):
    """A rule raised: a bug of the rule, not of the source. What it raised is the ``__cause__``."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class Failures:
    """The rules that raised in one file; each is asked no more there."""

    def __init__(self) -> None:
        self._raised: dict[Rule, Exception] = {}

    def asking(self, rule: Rule, question: Callable[[], Iterable[Finding]]) -> Iterator[tuple[Rule, Finding]]:
        """What a rule answers, up to where it raises."""
        if rule not in self._raised:
            check()
            with self.blaming(rule):
                for finding in question():
                    yield rule, finding

    @contextmanager
    def blaming(self, rule: Rule) -> Iterator[None]:
        """What is raised inside is the rule's fault, and is raised no further."""
        try:
            yield
        except Exception as error:
            self._raised.setdefault(rule, error)

    def told(self) -> Iterator[str]:
        """What to say to a person, for each rule."""
        return (_told(rule, error) for rule, error in self._raised.items())

    def throw(self) -> None:
        """Raise `RuleError` for the first of them, where there is one."""
        for rule, error in self._raised.items():
            raise RuleError(rule.code, _told(rule, error)) from error


def _told(rule: Rule, error: Exception) -> str:
    return told(f"{rule.code} {rule.name}", error, type(rule).__module__.partition(".")[0])


def told(who: str, error: Exception, package: str = OURS) -> str:
    """One line on an error that is a bug: what failed, how, in which line, and whose code it is."""
    frames = extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    what = shorten(f"{type(error).__name__}: {error}", _MAX_LENGTH, placeholder=" …")
    whose = "this is a bug" if package == OURS else f"this is a bug of {package}"
    return f"{who} failed with {what}{place}; {whose}, please report it"
