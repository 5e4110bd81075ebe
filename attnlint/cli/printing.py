"""How the commands that explain something print it."""

from __future__ import annotations

import click

page_format = click.option(
    "--output-format",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How to print.",
)
"""The option, handed to the command as ``output_format``."""
