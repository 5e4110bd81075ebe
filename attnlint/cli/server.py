"""``attnlint server``: the language server."""

from __future__ import annotations

import sys

import click

_MISSING = "the server needs pygls 2, which comes with: pip install 'attnlint[server]'"


def _address(context: click.Context, option: click.Parameter, text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise click.BadParameter(f"{text} is no HOST:PORT, such as localhost:4389")
    return host.strip("[]") or "localhost", int(port)


@click.command()
@click.option("--stdio", is_flag=True, help="Talk over standard input and output, which is done without it too.")
@click.option("--tcp", metavar="HOST:PORT", callback=_address, help="Wait for an editor to connect there, instead.")
def server(stdio: bool, tcp: tuple[str, int] | None) -> int:
    """Run the language server, which editors start themselves.

    docs/editors.md says how each is set up.
    """
    if stdio and tcp is not None:
        raise click.UsageError("--stdio and --tcp exclude each other")
    if tcp is None and sys.stdin is None:
        raise click.ClickException("standard input is closed, and the server takes what the editor says from there")
    try:
        from attnlint.server.handlers import run
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol", "cattrs", "attrs"):
            raise
        raise click.ClickException(_MISSING) from None
    return run(tcp)
