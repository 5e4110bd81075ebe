"""Where the fixture of a rule is: beside the rule's package, under the same name, whichever package that is.

``loud.rules.softmax`` has its fixture in ``loud.fixtures.softmax``; a package that keeps its rules in one module,
``loud.rules``, keeps its fixtures in ``loud.fixtures``.
"""

from __future__ import annotations

import ast
import warnings
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from attnlint.codes import BrokenRules
from attnlint.rule import Rule
from attnlint.wording import in_a_line

_RULES, _FIXTURES = ".rules.", ".fixtures."


class BrokenFixture(Exception):
    """A fixture that cannot be used; all others can."""

    def __init__(self, rule: type[Rule], reason: str) -> None:
        super().__init__(f"fixture of {rule.code} {rule.name}: {reason}")

    def tell(self) -> None:
        """Warn of it; the command line prints that as a line, and exits with 2."""
        warnings.warn(str(self), BrokenRules, stacklevel=2)


def fixture_source(rule: type[Rule]) -> tuple[str, ast.Module]:
    """The text of a rule's fixture, which is not run, and its tree; empty where there is none. Raises `BrokenFixture`
    where it cannot be read."""
    spec = _spec(rule)
    try:
        text = Path(spec.origin).read_text("utf-8") if spec is not None and spec.origin is not None else ""
        return text, ast.parse(text)
    except (OSError, ValueError, SyntaxError) as error:
        raise BrokenFixture(rule, f"cannot be read: {in_a_line(error)}") from None


def fixture_module(rule: type[Rule]) -> ModuleType | None:
    """A rule's fixture, imported; None where there is none. Raises `BrokenFixture` where it cannot be imported."""
    spec = _spec(rule)
    try:
        return import_module(spec.name) if spec is not None else None
    except (Exception, SystemExit) as error:
        raise BrokenFixture(rule, f"cannot be imported: {in_a_line(error)}") from None


def _spec(rule: type[Rule]) -> ModuleSpec | None:
    package, found, module = f"{rule.__module__}.".rpartition(_RULES)
    name = f"{package}{_FIXTURES}{module}".rstrip(".")
    try:
        return find_spec(name) if found else None
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}."):
            return None
        raise BrokenFixture(rule, f"{name.rpartition('.')[0]} cannot be imported: {in_a_line(error)}") from None
