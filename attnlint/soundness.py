"""Whether a class that calls itself a rule can be used as one, before anything is linted with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from attnlint.diagnostics import Severity, Tier

if TYPE_CHECKING:
    from attnlint.rule import Rule

_CODE = re.compile(r"[A-Z]+[0-9]+")
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def faults(rule: type[Rule]) -> Iterator[str]:
    """What is wrong with the class variables of a rule, as what the rule "has"; and that it cannot be made."""
    missing = [name for name in ("name", "triggers") if not hasattr(rule, name)]
    if missing:
        yield f"has no {' and no '.join(missing)}"
        return
    yield from _misnamed(rule)
    for name in ("triggers", "formerly", "references"):
        if not isinstance(getattr(rule, name), (tuple, list)) or not all(map(_is_text, getattr(rule, name))):
            yield f"has {name} that are no tuple of strings"
            return
    yield from _unsearchable(rule)
    if not isinstance(rule.severity, Severity):
        yield f"has the severity {rule.severity!r}, which is no attnlint.Severity"
    if not all(isinstance(tier, Tier) for tier in rule.tiers):
        yield "has tiers that are no attnlint.Tier"
    for asked in (rule.url, rule):
        try:
            asked()
        except Exception as error:
            yield f"has an {'__init__' if asked is rule else 'url'} that raises {type(error).__name__}: {error}"


def _misnamed(rule: type[Rule]) -> Iterator[str]:
    if not _is_text(rule.code) or not _CODE.fullmatch(rule.code):
        yield f"has the code {rule.code!r}, which is not capital letters and a number"
    if not _is_text(rule.name) or not _NAME.fullmatch(rule.name):
        yield f"has the name {rule.name!r}, which is not small letters with hyphens"


def _unsearchable(rule: type[Rule]) -> Iterator[str]:
    for trigger in rule.triggers:
        try:
            re.compile(trigger.encode("ascii"), re.MULTILINE)
        except (re.error, UnicodeEncodeError) as error:
            yield f"has the trigger {trigger!r}, which is no pattern of ASCII: {error}"


def _is_text(value: object) -> bool:
    return isinstance(value, str)
