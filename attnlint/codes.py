"""What a code or a name that a person wrote means today: some rules, one that had it before, or none.

A selector is a prefix of codes (``ATN``, ``ATN1``, ``ATN101``), the name of a rule, or a code or name that a rule had
before (`attnlint.rule.Rule.formerly`). A code that was released is never reused for something else.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attnlint.rule import Rule

REMOVED: Mapping[str, str] = {}
"""Codes of rules that are gone, each with the reason and what serves instead. A rule that got another code is not gone:
it keeps the old one in its `formerly`."""


_DIGITS = {"O": "0", "I": "1", "L": "1"}
_CONFUSED = re.compile("[OIL]")
"""Letters that are taken for digits."""


class CodeWarning(UserWarning):
    """A code that works and is written otherwise today, or one that has no effect."""


class BrokenRules(UserWarning):
    """Rules of some package that cannot be used; all others can."""


class UnknownCode(ValueError):
    """A selector that means nothing; ``nearest`` are the codes or names that were probably meant."""

    def __init__(self, selector: str, nearest: Sequence[str] = ()) -> None:
        super().__init__(selector)
        self.selector = selector
        self.nearest = tuple(nearest)

    @property
    def is_removed(self) -> bool:
        """Whether it was a rule's code and is none's any more."""
        return self.selector.upper() in REMOVED

    @property
    def hint(self) -> str:
        """Why it means nothing, or what was probably meant."""
        if self.is_removed:
            return f"it was removed: {REMOVED[self.selector.upper()]}"
        return f"did you mean {' or '.join(self.nearest)}?" if self.nearest else '"attnlint rules" lists them all.'


def strength(rule: type[Rule], selector: str) -> int:
    """How much of the rule's code the selector names, 0 if it does not mean the rule. A name counts as the whole."""
    if selector and rule.code.startswith(selector.upper()):
        return len(selector)
    return len(rule.code) if names(rule, selector) else 0


def names(rule: type[Rule], selector: str) -> bool:
    """Whether the selector means this rule alone: its code or its name, of today or before."""
    return selector.upper() == rule.code or selector.lower() == rule.name or is_former(rule, selector)


def is_former(rule: type[Rule], selector: str) -> bool:
    """Whether the selector is a code or name that the rule had before."""
    return selector.lower() in (former.lower() for former in rule.formerly)


def meant(rules: Iterable[type[Rule]], selector: str) -> list[type[Rule]]:
    """The rules that a selector means; what codes and names mean today goes before what they meant once."""
    found = [rule for rule in rules if strength(rule, selector)]
    return [rule for rule in found if not is_former(rule, selector)] or found


def resolve(rules: Iterable[type[Rule]], selector: str) -> list[type[Rule]]:
    """`meant`, with a warning where the rule is called otherwise today.

    Raises `UnknownCode` for a selector that means nothing, or no longer something.
    """
    rules = list(rules)
    found = meant(rules, selector)
    if not found:
        raise UnknownCode(selector, nearest(rules, selector))
    tell_if_former(found[0], selector)
    return found


def tell_if_former(rule: type[Rule], selector: str) -> None:
    """Warn where a selector is a code or name that the rule had before."""
    if is_former(rule, selector):
        warn(f"{selector} is called {rule.code} {rule.name} now")


def nearest(rules: Iterable[type[Rule]], selector: str) -> list[str]:
    """Codes or names that look like the selector, the nearest first."""
    from difflib import get_close_matches

    rules = list(rules)
    code = _CONFUSED.sub(lambda letter: _DIGITS[letter[0]], selector.upper()[3:])
    mistyped = [rule.code for rule in rules if rule.code == selector.upper()[:3] + code]
    codes = mistyped or get_close_matches(selector.upper(), [rule.code for rule in rules], 3, cutoff=0.7)
    return codes or get_close_matches(selector.lower(), [rule.name for rule in rules], 3)


def warn(text: str) -> None:
    """Tell a person who wrote a code; the command line prints each text once."""
    warnings.warn(text, CodeWarning, stacklevel=2)
