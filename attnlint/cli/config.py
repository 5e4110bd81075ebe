"""``attnlint config`` and ``attnlint config KEY``: what can be set, and how."""

from __future__ import annotations

import json

import click

from attnlint.cli.printing import page_format
from attnlint.config.pages import described, explained, listed, markdown
from attnlint.config.schema import text as schema_text
from attnlint.config.settings import BY_KEY, OPTIONS, hint


@click.command()
@click.argument("key", required=False)
@page_format
@click.option("--schema", is_flag=True, help="Print the JSON schema of the settings, for editors.")
def config(key: str | None, output_format: str, schema: bool) -> None:
    """List all settings, or explain the setting KEY."""
    if key is not None and key not in BY_KEY:
        raise click.UsageError(f"no setting is called {key!r}; {hint(key)}")
    if schema:
        click.echo(schema_text(), nl=False)
    elif output_format == "json":
        chosen = [described(option) for option in OPTIONS if key in (None, option.key)]
        click.echo(json.dumps(chosen if key is None else chosen[0], indent=2))
    elif output_format == "markdown":
        click.echo("\n".join(markdown([option for option in OPTIONS if key in (None, option.key)])).rstrip("\n"))
    else:
        click.echo("\n".join(listed() if key is None else explained(BY_KEY[key])))
