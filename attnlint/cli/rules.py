"""``attnlint rules`` and ``attnlint rule CODE``: what is checked, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from textwrap import indent

import click

from attnlint.cli.printing import page_format
from attnlint.cli.selection import named
from attnlint.diagnostics import Tier
from attnlint.pages import Page, default, index, markdown, page_of, reported, status, tiers
from attnlint.rule import Rule, discover

_HEADER = ("code", "name", "severity", "default", "fix", "what is wrong")


@click.command()
@page_format
def rules(output_format: str) -> None:
    """List all rules."""
    known = discover().values()
    if output_format == "json":
        click.echo(json.dumps([_as_json(one) for one in known], indent=2))
    else:
        click.echo("\n".join(_table([_HEADER, *map(_cells, known)]) if output_format == "text" else index()))


@click.command()
@click.argument("code")
@page_format
def rule(code: str, output_format: str) -> None:
    """Explain the rule CODE (a code such as ATN101, or a name)."""
    one = named(code)
    if output_format == "json":
        click.echo(json.dumps(_as_json(one), indent=2))
    else:
        click.echo("\n".join((_text if output_format == "text" else markdown)(page_of(one))))


def _as_json(one: type[Rule]) -> dict[str, object]:
    return {
        "code": one.code,
        "name": one.name,
        "formerly": list(one.formerly),
        "summary": one.summary(),
        "severity": one.severity.value,
        "status": status(one),
        "on_by_default": one.on_by_default,
        "tiers": [tier.value for tier in Tier if tier in one.tiers],
        "url": one.url(),
        "documentation": one.documentation(),
        "references": list(one.references),
    }


def _cells(one: type[Rule]) -> tuple[str, ...]:
    return one.code, one.name, one.severity.value, default(one), tiers(one), one.summary()


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _text(page: Page) -> Iterator[str]:
    one = page.rule
    yield f"{one.code} {one.name}"
    yield f"severity: {one.severity.value} · {reported(one)} · fix: {tiers(one)}"
    yield from ("", one.documentation())
    for number, example in enumerate(page.examples):
        yield from ("", *([] if number else ["Example:", ""]), indent(example, "    "))
    if page.claims:
        yield from ("", f"Proof (attnlint prove {one.code}):", *(f"  {claim}" for claim in page.claims))
    if one.references:
        yield from ("", "References:", *(f"  {reference}" for reference in one.references))
