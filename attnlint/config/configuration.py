"""The settings that govern each file of a run: those of the nearest configuration file, under the command line's."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from copy import copy

from attnlint.config.checks import Checks, ignored_in, rules_of, tiers_of
from attnlint.config.files import file_in, layers_of, parse, upwards
from attnlint.config.kinds import BadValue, Where
from attnlint.config.layers import Layer, Resolved, merged
from attnlint.config.places import ConfigError
from attnlint.config.settings import BY_KEY, COUNTING, Settings
from attnlint.diagnostics import Problem
from attnlint.rule import Rule
from attnlint.sources.discovery import USUAL
from attnlint.sources.read import STDIN
from attnlint.sources.scope import Patterns, Scope
from attnlint.torch_versions import TorchVersions

COMMAND_LINE = "command line"


class Configuration:
    """Finds configuration files, reads each once, and answers for every file and folder.

    ``overrides`` are settings as TOML has them, which count before those of any file. ``file`` is the one configuration
    file for all sources, in place of the nearest; with ``isolated``, none is read. Patterns of overrides are relative
    to ``root``, which is the current folder unless it is given. Raises ``ValueError`` for overrides that are no
    settings.
    """

    def __init__(
        self,
        overrides: Mapping[str, object] | None = None,
        *,
        file: str | os.PathLike[str] | None = None,
        isolated: bool = False,
        root: str | None = None,
    ) -> None:
        self._root = os.path.abspath(root or os.curdir)
        self._overrides = Layer(COMMAND_LINE, _parsed(overrides or {}, Where(self._root)))
        self._file = os.path.abspath(file) if file is not None else None
        self._isolated = isolated
        self._forget()

    def reread(self) -> Configuration:
        """The same with its files as they are now: it was asked nothing yet."""
        fresh = copy(self)
        fresh._forget()
        return fresh

    def _forget(self) -> None:
        self.problems: list[Problem] = []
        """What was wrong where somebody asked about the whole run."""
        self._folders: dict[str, str] = {}
        self._files: dict[str, str | None] = {}
        self._resolved: dict[str | None, Resolved | ConfigError] = {}
        self._scopes: dict[str | None, Scope] = {}
        self._identities: dict[tuple[str | None, tuple[str, ...]], str] = {}
        self._instances: dict[tuple[tuple[type[Rule], ...], TorchVersions], tuple[Rule, ...]] = {}
        self._checks: dict[tuple[str | None, tuple[str, ...], tuple[type[Rule], ...] | None], Checks] = {}

    def file_for(self, path: str) -> str | None:
        """The configuration file that governs a source; None where none does."""
        return self._file_of(os.path.dirname(self._absolute(path)))

    def resolve(self, path: str) -> Resolved:
        """The settings of a source and where each comes from. Raises `ConfigError`."""
        return self._resolve(self.file_for(path))

    def settings(self, path: str) -> Settings:
        """The settings of a source. Raises `ConfigError`."""
        return self.resolve(path).settings

    def of_run(self) -> Settings:
        """The settings of the folder in which attnlint runs, for what is about the whole run. Where its configuration
        file cannot be used, those of the command line alone; `problems` tells why then."""
        try:
            return self.settings(STDIN)
        except ConfigError as error:
            self.problems = [error.problem]
            return merged([self._overrides]).settings

    def scope(self, folder: str) -> Scope:
        """What a search takes in a folder."""
        file = self._file_of(folder)
        if file not in self._scopes:
            self._scopes[file] = self._scope(file)
        return self._scopes[file]

    def checks(self, path: str, rules: Sequence[type[Rule]] | None = None) -> Checks:
        """What is looked for in a source: ``rules``, or those of its settings. Raises `ConfigError`."""
        file, settings, ignored = self._counting(path)
        given = None if rules is None else tuple(rules)
        ignored = ignored if given is None else ()
        if (file, ignored, given) not in self._checks:
            chosen = tuple(rules_of(settings, ignored)) if given is None else given
            made = self._made(chosen, settings.torch_version)
            self._checks[file, ignored, given] = Checks(made, tiers_of(settings, chosen), settings.time_limit)
        return self._checks[file, ignored, given]

    def identity(self, path: str) -> str:
        """All that `checks` depends on where it is not given rules. Raises `ConfigError`."""
        file, settings, ignored = self._counting(path)
        if (file, ignored) not in self._identities:
            counting = {option.key: option.plain(getattr(settings, option.name)) for option in COUNTING}
            self._identities[file, ignored] = repr((counting, ignored))
        return self._identities[file, ignored]

    def _counting(self, path: str) -> tuple[str | None, Settings, tuple[str, ...]]:
        """The configuration file of a source, its settings, and what is ignored in that source alone."""
        at = self._absolute(path)
        file = self._file_of(os.path.dirname(at))
        settings = self._resolve(file).settings
        return file, settings, ignored_in(at, settings)

    def _made(self, rules: tuple[type[Rule], ...], torch: TorchVersions) -> tuple[Rule, ...]:
        """The rules ready to be asked, once for each set of them."""
        if (rules, torch) not in self._instances:
            made = self._instances[rules, torch] = tuple(rule() for rule in rules)
            for one in made:
                one.torch = torch
        return self._instances[rules, torch]

    def _absolute(self, path: str) -> str:
        """Where a source really lies; standard input lies in the current folder."""
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return os.path.join(self._folders[folder], name)

    def _file_of(self, folder: str) -> str | None:
        """The nearest configuration file of a folder or one above it."""
        if self._file is not None or self._isolated:
            return self._file
        passed = []
        found = None
        for place in upwards(folder):
            if place in self._files:
                found = self._files[place]
                break
            passed.append(place)
            found = file_in(place)
            if found is not None:
                break
        self._files.update(dict.fromkeys(passed, found))
        return found

    def _resolve(self, file: str | None) -> Resolved:
        if file not in self._resolved:
            self._resolved[file] = self._read(file)
        found = self._resolved[file]
        if isinstance(found, ConfigError):
            raise found
        return found

    def _read(self, file: str | None) -> Resolved | ConfigError:
        try:
            return merged([*(layers_of(file, file == self._file) if file is not None else []), self._overrides])
        except ConfigError as error:
            return error

    def _scope(self, file: str | None) -> Scope:
        root = os.path.dirname(file) if file is not None and file != self._file else self._root
        try:
            settings = self._resolve(file).settings
        except ConfigError as error:
            return Scope(USUAL.include, USUAL.exclude, problem=error.problem)
        return Scope(
            Patterns(settings.include).rooted(root),
            Patterns((*settings.exclude, *settings.extend_exclude)).rooted(root),
            settings.respect_gitignore,
            settings.force_exclude,
        )


def _parsed(overrides: Mapping[str, object], where: Where) -> dict[str, object]:
    values = {}
    for key, value in overrides.items():
        try:
            values[key] = parse(key, value, where)
        except BadValue as error:
            raise BadValue(f"`{key}` {error}") from None
        if BY_KEY[key].in_files_alone:
            raise BadValue(f"`{key}` makes sense in a configuration file alone")
    return values
