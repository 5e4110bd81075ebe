"""Rules that raise: a bug of theirs, which must hide neither what other rules find nor other files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attnlint.findings import Finding
    from attnlint.rule import Rule


class Failures:
    """The rules that raised in one file; each is asked no more there."""

    def __init__(self) -> None:
        self._raised: dict[Rule, Exception] = {}

    def asking(self, rule: Rule, question: Callable[[], Iterable[Finding]]) -> Iterator[tuple[Rule, Finding]]:
        """What a rule answers, up to where it raises."""
        if rule in self._raised:
            return
        try:
            for finding in question():
                yield rule, finding
        except Exception as error:
            self._raised[rule] = error

    def told(self) -> Iterator[str]:
        """What to say to a person, for each rule."""
        return (told(f"{rule.code} {rule.name}", error) for rule, error in self._raised.items())

    def throw(self) -> None:
        """Raise what the first of them raised, where there is one."""
        for error in self._raised.values():
            raise error


def told(who: str, error: Exception) -> str:
    """One line on an error that is a bug: what failed, how, and in which line of whose code."""
    frames = extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return f"{who} failed with {what}{place}; this is a bug, please report it"
