"""The rules that a command works on, from the codes and names that a person typed."""

from __future__ import annotations

import click

from attnlint import codes
from attnlint.rule import Rule, UnknownCode, discover


def named(selector: str) -> type[Rule]:
    """The one rule of that code or name."""
    rules = discover()
    try:
        found = codes.resolve(rules.values(), selector)
    except UnknownCode as error:
        raise unknown(error) from None
    if not codes.names(found[0], selector):
        raise click.UsageError(f"{selector!r} is the beginning of several codes: {', '.join(r.code for r in found)}")
    return found[0]


def unknown(error: UnknownCode) -> click.UsageError:
    """The error for a selector that means nothing."""
    return click.UsageError(f"no rule is called {error.selector!r}; {error.hint}")
