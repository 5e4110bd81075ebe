"""The rules that a command works on, from the codes and names that a person typed."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import click

from attnlint.rule import Rule, UnknownCode, discover, select


def installed() -> dict[str, type[Rule]]:
    """All installed rules by code."""
    try:
        return discover()
    except (ImportError, ValueError) as error:
        raise click.ClickException(f"the rules cannot be loaded: {error}") from error


def choose(selected: Iterable[str], ignored: Iterable[str]) -> list[type[Rule]]:
    """The rules that the options ask for."""
    rules = installed()
    try:
        return select(rules, _split(selected), _split(ignored))
    except UnknownCode as error:
        raise unknown(str(error), rules) from None


def named(selector: str) -> type[Rule]:
    """The one rule of that code or name."""
    rules = installed()
    for rule in rules.values():
        if selector.upper() == rule.code or selector.lower() == rule.name:
            return rule
    raise unknown(selector, rules)


def unknown(selector: str, rules: dict[str, type[Rule]]) -> click.UsageError:
    """The error for a selector that means nothing, naming what was probably meant."""
    spellings = {rule.code: rule.code for rule in rules.values()} | {rule.name: rule.name for rule in rules.values()}
    near = get_close_matches(selector.upper(), spellings, 3) or get_close_matches(selector.lower(), spellings, 3)
    hint = f"did you mean {' or '.join(near)}?" if near else '"attnlint rules" lists them all.'
    return click.UsageError(f"no rule is called {selector!r}; {hint}")


def _split(values: Iterable[str]) -> list[str]:
    parts = (part.strip() for value in values for part in value.split(","))
    return [part for part in parts if part]
