"""``attnlint rules`` and ``attnlint rule CODE``: what is checked, and why."""

from __future__ import annotations

from collections.abc import Iterator

import click

from attnlint.cli.selection import installed, named
from attnlint.diagnostics import Tier
from attnlint.rule import Rule


@click.command()
def rules() -> None:
    """List all rules."""
    for line in _table(
        [("code", "name", "severity", "default", "fix", "what is wrong"), *map(_cells, installed().values())]
    ):
        click.echo(line)


@click.command()
@click.argument("code")
def rule(code: str) -> None:
    """Explain the rule CODE (a code such as ATN101, or a name)."""
    click.echo("\n".join(_page(named(code))))


def _cells(one: type[Rule]) -> tuple[str, ...]:
    return one.code, one.name, one.severity.value, "on" if one.on_by_default else "off", _tiers(one), one.summary()


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _page(one: type[Rule]) -> Iterator[str]:
    yield f"{one.code} {one.name}"
    yield f"severity: {one.severity.value} · {'on' if one.on_by_default else 'off'} by default · fix: {_tiers(one)}"
    yield ""
    yield one.documentation()
    if one.references:
        yield from ("", "References:", *(f"  {reference}" for reference in one.references))


def _tiers(one: type[Rule]) -> str:
    return ", ".join(tier.value for tier in Tier if tier in one.tiers)
