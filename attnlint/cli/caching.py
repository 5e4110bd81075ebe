"""Where results are kept between runs, and ``--no-cache``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from attnlint.cli.telling import complain

if TYPE_CHECKING:
    from attnlint.cache import Cache

_VARIABLE = "ATTNLINT_CACHE_DIR"

no_cache_option = click.option("--no-cache", is_flag=True, help="Neither read nor keep results of other runs.")


def chosen(folder: str | None, no_cache: bool) -> Cache | None:
    """The cache in a folder, by default in the one that the environment or the system has for it."""
    if no_cache:
        return None
    try:
        from attnlint.cache import Cache
    except ImportError:  # a Python that was built without SQLite
        return None
    return Cache(_named(folder) or _usual())


def say_why_nothing_is_kept(cache: Cache | None, folder: str | None) -> None:
    """Tell somebody who named a folder that it cannot be used."""
    named = _named(folder)
    if named and (cache is None or cache.complaint is not None):
        from attnlint.output import visible

        reason = cache.complaint if cache is not None else "this Python has no sqlite3"
        complain(visible(f"attnlint: results cannot be kept in {named}: {reason}"))


def _named(folder: str | None) -> str:
    return folder or os.path.expanduser(os.environ.get(_VARIABLE, ""))


def _usual() -> str:
    from platformdirs import user_cache_dir

    return user_cache_dir("attnlint", appauthor=False)
