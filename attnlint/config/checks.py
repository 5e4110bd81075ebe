"""What is looked for in one file, what its fixes count as and how long it may take, from its settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from attnlint import codes
from attnlint.config.settings import Settings
from attnlint.diagnostics import Diagnostic, Fix, Tier
from attnlint.rule import Rule, discover, installed, select
from attnlint.sources.scope import Glob, Patterns


@dataclass(frozen=True)
class Tiers:
    """The codes whose fixes count as something else than their rules say."""

    manual: frozenset[str] = frozenset()
    safe: frozenset[str] = frozenset()
    unsafe: frozenset[str] = frozenset()

    def applied(self, found: Diagnostic) -> Diagnostic:
        """A finding with the fix that the settings allow."""
        if found.fix is None or not found.fix.edits:
            return found
        return replace(found, fix=self._fix(found.code, found.fix))

    def _fix(self, code: str, fix: Fix) -> Fix:
        if code in self.manual:
            return Fix(fix.title, Tier.MANUAL, ())
        tier = Tier.SAFE if code in self.safe else Tier.UNSAFE if code in self.unsafe else fix.tier
        return replace(fix, tier=tier)


@dataclass(frozen=True)
class Checks:
    """The rules that look at a file, what their fixes count as, and how long all that may take."""

    rules: tuple[Rule, ...]
    tiers: Tiers = Tiers()
    time_limit: float = 0
    """The seconds that it may take; 0 for as many as it wants."""


def rules_of(settings: Settings, ignored: Iterable[str] = ()) -> list[type[Rule]]:
    """The rules that look at a file in which some are ignored besides."""
    instead = () if settings.select is None else (*settings.select, *settings.extend_select)
    if settings.select is not None and not instead:
        return []
    besides = settings.extend_select if settings.select is None else ()
    rules = select(discover(), instead, settings.ignore, extended=besides, preview=settings.preview)
    dropped = {rule.code for rule in _meant(ignored)}
    return [rule for rule in rules if rule.code not in dropped]


def ignored_in(path: str, settings: Settings) -> tuple[str, ...]:
    """What is ignored in the file of an absolute path alone."""
    matching = (codes for glob, codes in settings.per_file_ignores if _pattern(glob).matches(path) is not _turns(glob))
    return tuple(code for codes in matching for code in codes)


def _turns(glob: Glob) -> bool:
    return glob.pattern.startswith("!")


@lru_cache(maxsize=256)
def _pattern(glob: Glob) -> Patterns:
    return Patterns((Glob(glob.pattern.removeprefix("!"), glob.root),))


def _meant(selectors: Iterable[str]) -> Iterable[type[Rule]]:
    known = installed().rules.values()
    return (rule for selector in selectors for rule in codes.meant(known, selector))


def tiers_of(settings: Settings, rules: Sequence[type[Rule]]) -> Tiers:
    """What the fixes of rules count as."""
    manual, safe, unsafe = set(), set(), set()
    for rule in rules:
        may = 1 if settings.fixable is None else _strength(rule, settings.fixable)
        if may <= _strength(rule, settings.unfixable):
            manual.add(rule.code)
        promoted, demoted = (
            _strength(rule, selectors) for selectors in (settings.extend_safe_fixes, settings.extend_unsafe_fixes)
        )
        if promoted > demoted:
            safe.add(rule.code)
        elif demoted:
            unsafe.add(rule.code)
    return Tiers(frozenset(manual), frozenset(safe), frozenset(unsafe))


def _strength(rule: type[Rule], selectors: Iterable[str]) -> int:
    return max((codes.strength(rule, selector) for selector in selectors), default=0)
