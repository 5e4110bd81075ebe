"""The options that set settings, made from the table of them, and ``--show-settings``."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import click

from attnlint.config import BadValue, ConfigError, Configuration
from attnlint.config.files import loads
from attnlint.config.kinds import CodeList, CodesByGlob, GlobList, OneOf, Seconds
from attnlint.config.option import Option
from attnlint.config.pages import as_json, as_toml
from attnlint.config.settings import OPTIONS
from attnlint.output import visible
from attnlint.sources.read import STDIN

Command = Callable[..., int]
_METAVARS = {CodeList: "CODES", GlobList: "PATTERNS", CodesByGlob: "PATTERN:CODE"}


def configured(command: Command) -> Command:
    """Give a command an option for each setting, and hand it the `Configuration` that they make, as ``config``.

    A setting that is about the whole run is handed to it too where it has a parameter of that name, or an option of its
    own for it; this decorator then stands above that of the option. With ``--show-settings``, nothing else is done.
    """
    taken = inspect.signature(command).parameters

    @functools.wraps(command)
    def wrapper(**given: Any) -> int:
        show, files, isolated = (given.pop(name) for name in ("show_settings", "config", "isolated"))
        overrides, file = _split(files)
        for option in OPTIONS:
            if option.name in given:
                value = given[option.name] if option.name in own else given.pop(option.name)
                if is_typed(option.name):
                    overrides[option.key] = _typed(option, value)
        config = _configuration(overrides, file, isolated)
        settings = config.of_run()
        for option in OPTIONS:
            if option.of_run and (option.name in taken or option.name in own):
                given[option.name] = getattr(settings, option.name)
        if show:
            named = given.get("stdin_filename", STDIN)
            return _show(config, [named if path == STDIN else path for path in given["paths"]], settings.output_format)
        return command(config=config, **given)

    own = {parameter.name for parameter in getattr(wrapper, "__click_params__", ())}
    made: Command = wrapper
    for add in reversed([*_general(), *(_flag(one) for one in OPTIONS if one.makes_flag and one.name not in own)]):
        made = add(made)
    return made


def _general() -> Iterator[Callable[[Command], Command]]:
    yield click.option(
        "--config",
        multiple=True,
        metavar="FILE|KEY=VALUE",
        help='A configuration file in place of the nearest ones, or a setting as TOML has it: select=["ATN1"].',
    )
    yield click.option("--isolated", is_flag=True, help="Read no configuration file.")
    yield click.option("--show-settings", is_flag=True, help="Print what holds for each PATH and why, and do no more.")


def _flag(option: Option) -> Callable[[Command], Command]:
    """The option of the command line that sets a setting."""
    if option.is_flag:
        return click.option(f"--{option.key}/--no-{option.key}", option.name, default=None, help=option.summary)
    if isinstance(option.kind, OneOf):
        kind = click.Choice(option.kind.names())
        return click.option(f"--{option.key}", option.name, type=kind, help=option.summary)
    if isinstance(option.kind, Seconds):
        return click.option(f"--{option.key}", option.name, type=float, metavar="SECONDS", help=option.summary)
    metavar = _METAVARS.get(type(option.kind))
    several = metavar is not None
    return click.option(
        f"--{option.key}", option.name, multiple=several, metavar=metavar or "TEXT", help=option.summary
    )


def is_typed(name: str) -> bool:
    """Whether the user gave the parameter of the command of that name."""
    source = click.get_current_context().get_parameter_source(name)
    return source in (click.core.ParameterSource.COMMANDLINE, click.core.ParameterSource.ENVIRONMENT)


def _typed(option: Option, value: object) -> object:
    """What somebody typed, as TOML would have it."""
    if type(option.kind) not in _METAVARS or not isinstance(value, tuple):
        return value
    return [part.strip() for one in value for part in one.split(",") if part.strip()]


def _split(given: Sequence[str]) -> tuple[dict[str, object], str | None]:
    """Settings and files of ``--config``."""
    overrides: dict[str, object] = {}
    file = None
    for one in given:
        key, equals, value = one.partition("=")
        if not equals or os.path.exists(one):
            if file is not None:
                raise click.UsageError(f"--config takes one file, and {file} is one")
            file = one
            continue
        try:
            overrides.update(loads(one))
        except (ValueError, RecursionError):
            raise click.UsageError(
                f'--config {one}: {value.strip()} is no TOML value; text stands in quotes: {key}="…"'
            ) from None
    return overrides, file


def _configuration(overrides: Mapping[str, object], file: str | None, isolated: bool) -> Configuration:
    if file is not None and isolated:
        raise click.UsageError("--isolated reads no configuration file, and --config names one")
    if file is not None and not os.path.isfile(file):
        raise click.UsageError(f"--config {file}: there is no such file; a setting is written KEY=VALUE")
    try:
        config = Configuration(overrides, file=file, isolated=isolated)
        if file is not None:
            config.settings(file)
    except BadValue as error:
        raise click.UsageError(str(error)) from None
    except ConfigError as error:
        raise click.ClickException(visible(str(error))) from None
    return config


def _show(config: Configuration, paths: Sequence[str], output_format: str) -> int:
    """Print the settings of sources, as TOML with the origins in comments or as JSON."""
    try:
        found = [(path, config.file_for(path), config.resolve(path), config.checks(path).rules) for path in paths]
    except ConfigError as error:
        raise click.ClickException(visible(str(error))) from None
    render = as_json if output_format == "json" else as_toml
    click.echo("\n".join(render(found)))
    return 0
