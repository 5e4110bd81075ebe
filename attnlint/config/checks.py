"""What is looked for in one file, and what its fixes count as: rules and tiers, from its settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

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
    """The rules that look at a file, and what their fixes count as."""

    rules: tuple[Rule, ...]
    tiers: Tiers = Tiers()


def rules_of(settings: Settings, path: str) -> list[type[Rule]]:
    """The rules that look at the file of an absolute path."""
    chosen, extended = settings.select, settings.extend_select
    if chosen is not None and not (*chosen, *extended):
        return []
    rules = select(discover(), chosen or (), settings.ignore, extended=extended, preview=settings.preview)
    ignored = {rule.code for rule in _meant(_ignored(settings, path))}
    return [rule for rule in rules if rule.code not in ignored]


def _ignored(settings: Settings, path: str) -> Iterable[str]:
    for glob, selectors in settings.per_file_ignores:
        pattern = glob.pattern.removeprefix("!")
        if Patterns((Glob(pattern, glob.root),)).matches(path) is not glob.pattern.startswith("!"):
            yield from selectors


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
