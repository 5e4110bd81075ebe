"""The folders of the workspace, what the client sets for each, and the configuration that follows."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from attnlint.config import BadValue, Configuration
from attnlint.server.options import Options

Tell = Callable[[str], None]
"""Shows a person what is wrong with their settings."""


@dataclass
class Project:
    """A folder, what the client sets for it, and the configuration of the files in it."""

    root: str
    options: Options
    config: Configuration

    def excludes(self, path: str) -> bool:
        """Whether a file is one that attnlint was told to leave alone."""
        try:
            scope = self.config.scope(os.path.realpath(os.path.dirname(path) or self.root))
        except (OSError, ValueError):
            return False
        return scope.problem is None and scope.exclude.matches(os.path.abspath(path))


@dataclass
class Projects:
    """Finds the project of a file. What is asked once is kept until `forget`."""

    tell: Tell
    usual: Options = field(default_factory=Options)
    """What holds where a folder has no options of its own."""
    by_folder: dict[str, Options] = field(default_factory=dict)
    """The options of folders."""
    generation: int = 0
    """Goes up when anything may have changed: what was found before may be other now."""
    _known: dict[str, Project] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    def forget(self) -> None:
        """Read all configuration files anew."""
        self._known.clear()
        self._told.clear()
        self.generation += 1

    def set_folders(self, options: Mapping[str, Options]) -> None:
        """Take these folders for the workspace."""
        self.by_folder = {os.path.normpath(folder): each for folder, each in options.items()}
        self.forget()

    def of(self, path: str) -> Project:
        """The project of a file: that of the innermost folder of the workspace that it lies in."""
        inside = [folder for folder in self.by_folder if os.path.join(path, "").startswith(os.path.join(folder, ""))]
        root = max(inside, key=len, default="")
        if root not in self._known:
            self._known[root] = self._made(root or os.getcwd(), self.by_folder.get(root, self.usual))
        return self._known[root]

    def complain(self, reason: str) -> None:
        """Tell a person what is wrong, once."""
        if reason not in self._told:
            self._told.add(reason)
            self.tell(reason)

    def _made(self, root: str, options: Options) -> Project:
        for complaint in options.complaints:
            self.complain(complaint)
        file = options.configuration
        path = os.path.join(root, os.path.expanduser(file)) if file else None
        if path is not None and not os.path.isfile(path):
            self.complain(f"attnlint.configuration: there is no file {path}")
            path = None
        config = Configuration(self._usable(options.settings, root), file=path, root=root)
        return Project(root, options, config)

    def _usable(self, settings: Mapping[str, object], root: str) -> dict[str, object]:
        """Settings without those that are none, which are told."""
        usable = {}
        for key, value in settings.items():
            try:
                Configuration({key: value}, root=root)
            except BadValue as error:
                self.complain(f"settings of the editor: {error}")
            else:
                usable[key] = value
        return usable
