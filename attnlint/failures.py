"""Rules that raise, and code that the engine fails on: bugs, which must hide neither what else is found in a file nor
other files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from traceback import extract_tb
from typing import TYPE_CHECKING, TypeVar

from attnlint import __version__
from attnlint.time_limit import check
from attnlint.wording import in_a_line

if TYPE_CHECKING:
    from attnlint.rule import Rule

T = TypeVar("T")
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
    """The rules that raised in one file, each of which is asked no more there, and what the engine failed on."""

    def __init__(self) -> None:
        self._raised: dict[Rule, _Raised] = {}
        self._unread: list[_Raised] = []

    def asking(
        self, rule: Rule, question: Callable[[], Iterable[T]], line: int | None = None
    ) -> Iterator[tuple[Rule, T]]:
        """What a rule answers, up to where it raises, about the definition that begins on ``line``."""
        if rule not in self._raised:
            check()
            try:
                for finding in question():
                    yield rule, finding
            except (Exception, SystemExit) as error:
                self._raised[rule] = _Raised(error, line)

    @contextmanager
    def blaming(self, rule: Rule, line: int | None = None) -> Iterator[None]:
        """What is raised inside is the rule's fault, and is raised no further: not even what would end the program."""
        try:
            yield
        except (Exception, SystemExit) as error:
            self._raised.setdefault(rule, _Raised(error, line))

    @contextmanager
    def reading(self, line: int) -> Iterator[None]:
        """What is raised inside is the fault of the engine, which reads the definition that begins on ``line``."""
        try:
            yield
        except Exception as error:
            self._unread.append(_Raised(error, line))

    def add(self, other: Failures) -> None:
        """Take in those of another look at the same file. What failed on both is told once."""
        self._raised = {**other._raised, **self._raised}
        known = set(map(_of_analysis, self._unread))
        self._unread.extend(one for one in other._unread if _of_analysis(one) not in known)

    def told(self) -> Iterator[str]:
        """What to say to a person, for each rule, and for each definition that was not read."""
        yield from (_of_rule(rule, raised) for rule, raised in self._raised.items())
        yield from map(_of_analysis, self._unread)

    def throw(self) -> None:
        """Raise `RuleError` for the first rule, where there is one, or what the engine raised."""
        for rule, raised in self._raised.items():
            raise RuleError(rule.code, _of_rule(rule, raised)) from raised.error
        for raised in self._unread:
            raise raised.error


@dataclass(frozen=True)
class _Raised:
    """An error, and the line of the definition that was looked at."""

    error: BaseException
    line: int | None


def _of_rule(rule: Rule, raised: _Raised) -> str:
    package = type(rule).__module__.partition(".")[0]
    return told(f"{rule.code} {rule.name}", raised.error, package, raised.line)


def _of_analysis(raised: _Raised) -> str:
    return told("the analysis", raised.error, line=raised.line)


def told(who: str, error: BaseException, package: str = OURS, line: int | None = None) -> str:
    """One line on an error that is a bug: what failed, how and where, on which definition, and whose code it is."""
    frames = extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    what = shorten(in_a_line(error), _MAX_LENGTH, placeholder=" …")
    on = "" if line is None else f" on the code at line {line}"
    whose = f"attnlint {__version__}" if package == OURS else package
    return f"{who} failed with {what}{place}{on}; this is a bug of {whose}, please report it"
