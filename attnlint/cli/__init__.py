"""The command line: one module a command, imported when the command is used.

Exit status: 0 nothing found, 1 findings, 2 something could not be done, 130 interrupted, 143 and 129
told to end.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, cast

import click

from attnlint import __version__
from attnlint.cli.telling import complain, refuse, to_nobody
from attnlint.codes import BrokenRules, CodeWarning

DEFAULT_COMMAND = "check"
FAILURE = 2
INTERRUPTED = 130

_MODULES = {
    "check": "check",
    "config": "config",
    "prove": "prove",
    "rule": "rules",
    "rules": "rules",
    "server": "server",
}
"""The module of this package that holds each command, under the command's own name."""


class CommandLine(click.Group):
    """A group whose commands are imported on demand and whose first argument may be a path to check."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let ``attnlint PATH`` mean ``attnlint check PATH``."""
        known = {*_MODULES, "--version", *self.get_help_option_names(ctx)}
        if args and args[0] not in known:
            args = [DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in _MODULES:
            return None
        return cast(click.Command, getattr(import_module(f"{__name__}.{_MODULES[cmd_name]}"), cmd_name))

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a reader that has seen enough (``| head``) is no error."""
        with tolerating_closed_pipe():
            return super().invoke(ctx)
        return None


@contextmanager
def tolerating_closed_pipe() -> Iterator[None]:
    """Print what the reader of standard output still takes, and nothing to anyone after that."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        to_nobody(sys.stdout)


@click.group(
    cls=CommandLine,
    subcommand_metavar="PATH... | COMMAND [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="attnlint")
def app() -> None:
    """Find attention bugs in PyTorch code, without running it.

    \b
      attnlint PATH...     check files and folders (- is standard input); with --fix, mend them
      attnlint rules       list the rules
      attnlint rule CODE   explain one rule
      attnlint config      list the settings
      attnlint server      run the language server for editors
      attnlint prove       run every rule's buggy and fixed code, and compare

    "attnlint PATH..." is short for "attnlint check PATH..."; see "attnlint check --help" for its options. A file or
    folder that has the name of a command is written with its folder: "attnlint ./rules".
    """


@contextmanager
def telling_warnings() -> Iterator[list[str]]:
    """Print each warning of codes and of rules once, as a line on standard error; yields those of broken rules."""
    told: set[str] = set()
    broken: list[str] = []
    with warnings.catch_warnings():
        show = warnings.showwarning

        def tell(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if not issubclass(category, (CodeWarning, BrokenRules)):
                show(message, category, *where, **more)
            elif str(message) not in told:
                told.add(str(message))
                broken.extend([str(message)] if issubclass(category, BrokenRules) else [])
                from attnlint.output import visible

                complain(visible(f"attnlint: {message}"))

        warnings.showwarning = tell
        for category in (CodeWarning, BrokenRules):
            warnings.simplefilter("always", category)
        yield broken


def main() -> int:
    """Run the command line and return the exit status."""
    with telling_warnings() as broken:
        status = _run()
    return FAILURE if broken else status


def _run() -> int:
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")
    try:
        status = app.main(prog_name="attnlint", standalone_mode=False)
    except click.ClickException as error:
        refuse(error)
        return FAILURE
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except OSError as error:
        complain(f"attnlint: {_told(error)}")
        return FAILURE
    except Exception:
        traceback.print_exc()
        complain("attnlint: this is a bug in attnlint; the lines above say where")
        return FAILURE
    return status if isinstance(status, int) else 0


def _open_closed_streams() -> None:
    """Print to nobody where the caller closed standard output or standard error, as ``>&-`` does."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


def _told(error: OSError) -> str:
    """What the system refused, and for which file, in one line."""
    from attnlint.output import visible

    reason = error.strerror or str(error)
    if error.filename is not None:
        return visible(f"{os.fsdecode(error.filename)}: {reason}")
    try:
        os.getcwd()
    except OSError:
        return "the current folder is there no more; go to one that is"
    return visible(reason)
