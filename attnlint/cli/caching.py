"""Where results are kept between runs, and ``--no-cache``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from attnlint.cache import Cache

_VARIABLE = "ATTNLINT_CACHE_DIR"

no_cache_option = click.option("--no-cache", is_flag=True, help="Neither read nor keep results of other runs.")


def chosen(folder: str | None, no_cache: bool) -> Cache | None:
    """The cache in a folder, by default in the one that the environment or the system has for it."""
    if no_cache:
        return None
    from attnlint.cache import Cache

    return Cache(folder or os.path.expanduser(os.environ.get(_VARIABLE, "")) or _usual())


def complain(cache: Cache | None, folder: str | None) -> None:
    """Say why nothing could be kept in a folder that somebody named."""
    named = folder or os.environ.get(_VARIABLE)
    if named and cache is not None and cache.complaint is not None:
        from attnlint.output import visible

        click.echo(visible(f"attnlint: results cannot be kept in {named}: {cache.complaint}"), err=True)


def _usual() -> str:
    from platformdirs import user_cache_dir

    return user_cache_dir("attnlint", appauthor=False)
